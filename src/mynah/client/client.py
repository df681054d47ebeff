"""The synchronous client."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import httpx

from mynah.client import jobs, speech, versions, voices
from mynah.client.calls import Call, Page, Recording, Result
from mynah.client.connection import TIMEOUT, base, checked, headers, reaching
from mynah.client.jobs import ServerEvent, ServerJob
from mynah.client.speech import ServerRating, ServerSpeech
from mynah.client.versions import ServerRollout, ServerVersion
from mynah.client.voices import ServerVoice


class Client:
    """Synchronous client of a server.

    Every call raises `ServerError` if the server refuses it, fails or cannot be reached.

    Args:
        url: of the server, such as `http://localhost:8000`.
        key: API key, as `mynah keys create` printed it; None for a server without keys.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        self._http = httpx.Client(base_url=base(url), headers=headers(key), timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def speak(self, text: str, voice: str, **options: Any) -> ServerSpeech:  # noqa: ANN401
        """Return a spoken text as an audio file.

        Args:
            text: what to say.
            voice: name or id.
            options: other fields of `POST /v1/audio/speech`, such as `response_format`, `seed`.
        """
        with self._speaking(text, voice, options) as answer:
            return speech.speech_of(answer.read(), answer.headers)

    def stream(self, text: str, voice: str, **options: Any) -> Iterator[bytes]:  # noqa: ANN401
        """Yield the same audio in parts as they arrive."""
        with self._speaking(text, voice, options) as answer:
            yield from answer.iter_bytes()

    def rate(
        self, audio_id: str, rating: int | None = None, similarity: float | None = None
    ) -> ServerRating:
        """Rate a speech result; the rating counts for the version that spoke.

        Args:
            audio_id: of a result of `speak`.
            rating: from 1, bad, to 5, excellent.
            similarity: measured similarity to the speaker, from -1 to 1.
        """
        return self._make(speech.rate(audio_id, rating, similarity))

    def voices(self) -> list[ServerVoice]:
        """All voices."""
        return self._all(voices.voices)

    def voice(self, voice: str) -> ServerVoice:
        """The voice of a name or id."""
        return self._make(voices.voice(voice))

    def create_voice(
        self,
        name: str,
        *recordings: Recording,
        urls: Sequence[str] = (),
        texts: Sequence[str] = (),
        language: str = "auto",
        labels: Mapping[str, str] | None = None,
        consent: str | None = None,
    ) -> ServerVoice:
        """Create a voice; it can speak at once.

        Args:
            name: unique.
            recordings: of one person; the first is the prompt.
            urls: of further recordings, which the server fetches if its settings allow it.
            texts: transcripts, in the order of the recordings.
            language: of the transcripts.
            labels: any metadata.
            consent: the speaker's consent to be cloned.
        """
        return self._make(
            voices.create_voice(name, recordings, urls, texts, language, labels, consent)
        )

    def change_voice(self, voice: str, **changes: Any) -> ServerVoice:  # noqa: ANN401
        """Change a voice's `name`, `labels` or `consent`."""
        return self._make(voices.change_voice(voice, changes))

    def delete_voice(self, voice: str) -> None:
        """Delete a voice and its recordings."""
        self._make(voices.delete_voice(voice))

    def train(
        self,
        voice: str,
        *recordings: Recording,
        texts: Sequence[str] = (),
        transcripts: Recording | None = None,
        language: str = "auto",
        **options: Any,  # noqa: ANN401
    ) -> ServerJob:
        """Start the training of a voice; `wait` blocks until it ends.

        Args:
            voice: name or id.
            recordings: training data in addition to the voice's own recordings.
            texts: transcripts, in the order of the recordings.
            transcripts: in place of texts a list as GPT-SoVITS has it, path|speaker|language|text.
            language: of the transcripts.
            options: other fields of `POST /v1/voices/{voice}/train`, such as `create`, `epochs`,
                `rank`, `stages`, `promote`, `callback_url`.
        """
        return self._make(jobs.train(voice, recordings, texts, language, transcripts, options))

    def jobs(self) -> list[ServerJob]:
        """All jobs of this key, the latest first."""
        return self._all(jobs.jobs)

    def job(self, job: str) -> ServerJob:
        """A job with its progress and messages."""
        return self._make(jobs.job(job))

    def events(self, job: str, after: int = 0) -> Iterator[ServerEvent]:
        """Yield the events of a job until it ends: all, or those after the one with an id."""
        asked = {"headers": jobs.events_after(after)}
        with self._streaming("GET", jobs.events_path(job), **asked) as answer:
            lines = jobs.EventLines()
            yield from filter(None, map(lines.read, answer.iter_lines()))

    def wait(self, job: str) -> ServerJob:
        """Wait until a job ends and return it; its `state` is the outcome."""
        for _ in self.events(job):
            pass
        return self.job(job)

    def cancel(self, job: str) -> ServerJob:
        """Cancel a job: at once if it is queued, within seconds if it runs."""
        return self._make(jobs.cancel(job))

    def retry(self, job: str) -> ServerJob:
        """Queue a failed or cancelled job again; it resumes from its checkpoint."""
        return self._make(jobs.retry(job))

    def versions(self, voice: str) -> list[ServerVersion]:
        """All versions of a voice, the oldest first."""
        return self._make(versions.versions(voice))

    def rollout(self, voice: str) -> ServerRollout:
        """The routing of a voice's requests to its versions."""
        return self._make(versions.rollout(voice))

    def promote(self, voice: str, version: int) -> ServerRollout:
        """Make a version the default, from the next request on."""
        return self._make(versions.promote(voice, version))

    def rollback(self, voice: str) -> ServerRollout:
        """Restore the routing before the last promotion."""
        return self._make(versions.rollback(voice))

    def set_traffic(self, voice: str, weights: Mapping[int, float]) -> ServerRollout:
        """Split callers among versions by weights; no weights route everyone to the default."""
        return self._make(versions.set_traffic(voice, weights))

    def _make(self, call: Call[Result]) -> Result:
        with reaching(self._http.base_url):
            answer = self._http.request(call.method, call.path, **call.request)
            return call.read(checked(answer).json())

    def _all(self, listing: Callable[[str], Call[Page[Result]]]) -> list[Result]:
        page = self._make(listing(""))
        found = [*page.items]
        while page.more:
            page = self._make(listing(page.last))
            found += page.items
        return found

    @contextmanager
    def _streaming(self, method: str, path: str, **request: Any) -> Iterator[httpx.Response]:  # noqa: ANN401
        with reaching(self._http.base_url), self._http.stream(method, path, **request) as answer:
            if answer.is_error:
                answer.read()
            yield checked(answer)

    @contextmanager
    def _speaking(
        self, text: str, voice: str, options: Mapping[str, Any]
    ) -> Iterator[httpx.Response]:
        body = speech.speech_body(text, voice, options)
        with self._streaming("POST", speech.SPEECH, json=body) as answer:
            yield answer
