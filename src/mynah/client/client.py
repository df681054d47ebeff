"""The client that waits for its answers."""

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
    """Calls a server.

    Every call raises `ServerError` if the server refuses it, fails or cannot be reached.

    Args:
        url: of the server, such as `http://localhost:8000`.
        key: that `mynah keys create` printed; none for a server that runs without keys.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        self._http = httpx.Client(base_url=base(url), headers=headers(key), timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leaves the server."""
        self._http.close()

    def speak(self, text: str, voice: str, **options: Any) -> ServerSpeech:  # noqa: ANN401
        """A spoken text as an audio file.

        Args:
            text: what to say.
            voice: name or id.
            options: other fields of `POST /v1/audio/speech`, such as `response_format`, `seed`.
        """
        with self._speaking(text, voice, options) as answer:
            return speech.speech_of(answer.read(), answer.headers)

    def stream(self, text: str, voice: str, **options: Any) -> Iterator[bytes]:  # noqa: ANN401
        """The same audio in parts, as it is ready."""
        with self._speaking(text, voice, options) as answer:
            yield from answer.iter_bytes()

    def rate(
        self, audio_id: str, rating: int | None = None, similarity: float | None = None
    ) -> ServerRating:
        """Says what somebody thinks of a piece of speech; it counts for the version that spoke.

        Args:
            audio_id: that `speak` gives.
            rating: from 1, bad, to 5, excellent.
            similarity: to the speaker, as measured, from -1 to 1.
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
        """Makes a voice that can speak at once.

        Args:
            name: unique.
            recordings: of one person; the first is the prompt.
            urls: of more recordings, which the server fetches, if it may.
            texts: the words of each, in their order.
            language: of these words.
            labels: whatever is to be remembered of it.
            consent: how the speaker agreed to be cloned.
        """
        return self._make(
            voices.create_voice(name, recordings, urls, texts, language, labels, consent)
        )

    def change_voice(self, voice: str, **changes: Any) -> ServerVoice:  # noqa: ANN401
        """Changes a voice's `name`, `labels` or `consent`."""
        return self._make(voices.change_voice(voice, changes))

    def delete_voice(self, voice: str) -> None:
        """Deletes a voice and its recordings."""
        self._make(voices.delete_voice(voice))

    def train(
        self,
        voice: str,
        *recordings: Recording,
        texts: Sequence[str] = (),
        language: str = "auto",
        **options: Any,  # noqa: ANN401
    ) -> ServerJob:
        """Orders the training of a voice; `wait` waits for its end.

        Args:
            voice: name or id.
            recordings: to learn from besides those that the voice was made of.
            texts: the words of each, in their order.
            language: of these words.
            options: other fields of `POST /v1/voices/{voice}/train`, such as `epochs`, `rank`,
                `stages`, `promote`, `callback_url`.
        """
        return self._make(jobs.train(voice, recordings, texts, language, options))

    def jobs(self) -> list[ServerJob]:
        """All jobs of this key, the latest first."""
        return self._all(jobs.jobs)

    def job(self, job: str) -> ServerJob:
        """How far a job is, and what it said."""
        return self._make(jobs.job(job))

    def events(self, job: str, after: int = 0) -> Iterator[ServerEvent]:
        """What happens to a job, until it is over.

        Args:
            job: id.
            after: event after which to begin; 0 is the job's beginning.
        """
        asked = {"headers": jobs.events_after(after)}
        with self._streaming("GET", jobs.events_path(job), **asked) as answer:
            lines = jobs.EventLines()
            yield from filter(None, map(lines.read, answer.iter_lines()))

    def wait(self, job: str) -> ServerJob:
        """Waits until a job is over; its `state` says how it ended."""
        for _ in self.events(job):
            pass
        return self.job(job)

    def cancel(self, job: str) -> ServerJob:
        """Ends a job: at once if it waits, within seconds if it runs."""
        return self._make(jobs.cancel(job))

    def retry(self, job: str) -> ServerJob:
        """Queues a job again that failed or was cancelled; it goes on from its checkpoint."""
        return self._make(jobs.retry(job))

    def versions(self, voice: str) -> list[ServerVersion]:
        """All versions of a voice, the oldest first."""
        return self._make(versions.versions(voice))

    def rollout(self, voice: str) -> ServerRollout:
        """Who hears what of a voice."""
        return self._make(versions.rollout(voice))

    def promote(self, voice: str, version: int) -> ServerRollout:
        """Has everyone hear a version, from the next request on."""
        return self._make(versions.promote(voice, version))

    def rollback(self, voice: str) -> ServerRollout:
        """Has everyone hear what they heard before the last promotion."""
        return self._make(versions.rollback(voice))

    def set_traffic(self, voice: str, weights: Mapping[int, float]) -> ServerRollout:
        """Splits callers among versions by weights; none has everyone hear the default."""
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
