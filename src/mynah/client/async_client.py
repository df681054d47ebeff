"""The asynchronous client; `Client` describes its methods."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx

from mynah.client import jobs, speech, versions, voices
from mynah.client.calls import Call, Page, Recording, Result
from mynah.client.connection import TIMEOUT, base, checked, headers, reaching
from mynah.client.jobs import ServerEvent, ServerJob
from mynah.client.speech import ServerRating, ServerSpeech
from mynah.client.versions import ServerRollout, ServerVersion
from mynah.client.voices import ServerVoice


class AsyncClient:
    """Asynchronous client of a server; its methods are those of `Client`."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._http = httpx.AsyncClient(base_url=base(url), headers=headers(key), timeout=TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def speak(self, text: str, voice: str, **options: Any) -> ServerSpeech:  # noqa: ANN401
        async with self._speaking(text, voice, options) as answer:
            return speech.speech_of(await answer.aread(), answer.headers)

    async def stream(
        self,
        text: str,
        voice: str,
        **options: Any,  # noqa: ANN401
    ) -> AsyncIterator[bytes]:
        async with self._speaking(text, voice, options) as answer:
            async for part in answer.aiter_bytes():
                yield part

    async def rate(
        self, audio_id: str, rating: int | None = None, similarity: float | None = None
    ) -> ServerRating:
        return await self._make(speech.rate(audio_id, rating, similarity))

    async def voices(self) -> list[ServerVoice]:
        return await self._all(voices.voices)

    async def voice(self, voice: str) -> ServerVoice:
        return await self._make(voices.voice(voice))

    async def create_voice(
        self,
        name: str,
        *recordings: Recording,
        urls: Sequence[str] = (),
        texts: Sequence[str] = (),
        language: str = "auto",
        labels: Mapping[str, str] | None = None,
        consent: str | None = None,
    ) -> ServerVoice:
        return await self._make(
            voices.create_voice(name, recordings, urls, texts, language, labels, consent)
        )

    async def change_voice(self, voice: str, **changes: Any) -> ServerVoice:  # noqa: ANN401
        return await self._make(voices.change_voice(voice, changes))

    async def delete_voice(self, voice: str) -> None:
        await self._make(voices.delete_voice(voice))

    async def train(
        self,
        voice: str,
        *recordings: Recording,
        texts: Sequence[str] = (),
        transcripts: Recording | None = None,
        language: str = "auto",
        **options: Any,  # noqa: ANN401
    ) -> ServerJob:
        return await self._make(
            jobs.train(voice, recordings, texts, language, transcripts, options)
        )

    async def jobs(self) -> list[ServerJob]:
        return await self._all(jobs.jobs)

    async def job(self, job: str) -> ServerJob:
        return await self._make(jobs.job(job))

    async def events(self, job: str, after: int = 0) -> AsyncIterator[ServerEvent]:
        asked = {"headers": jobs.events_after(after)}
        async with self._streaming("GET", jobs.events_path(job), **asked) as answer:
            lines = jobs.EventLines()
            async for line in answer.aiter_lines():
                if event := lines.read(line):
                    yield event

    async def wait(self, job: str) -> ServerJob:
        async for _ in self.events(job):
            pass
        return await self.job(job)

    async def cancel(self, job: str) -> ServerJob:
        return await self._make(jobs.cancel(job))

    async def retry(self, job: str) -> ServerJob:
        return await self._make(jobs.retry(job))

    async def versions(self, voice: str) -> list[ServerVersion]:
        return await self._make(versions.versions(voice))

    async def rollout(self, voice: str) -> ServerRollout:
        return await self._make(versions.rollout(voice))

    async def promote(self, voice: str, version: int) -> ServerRollout:
        return await self._make(versions.promote(voice, version))

    async def rollback(self, voice: str) -> ServerRollout:
        return await self._make(versions.rollback(voice))

    async def set_traffic(self, voice: str, weights: Mapping[int, float]) -> ServerRollout:
        return await self._make(versions.set_traffic(voice, weights))

    async def _make(self, call: Call[Result]) -> Result:
        with reaching(self._http.base_url):
            answer = await self._http.request(call.method, call.path, **call.request)
            return call.read(checked(answer).json())

    async def _all(self, listing: Callable[[str], Call[Page[Result]]]) -> list[Result]:
        page = await self._make(listing(""))
        found = [*page.items]
        while page.more:
            page = await self._make(listing(page.last))
            found += page.items
        return found

    @asynccontextmanager
    async def _streaming(
        self,
        method: str,
        path: str,
        **request: Any,  # noqa: ANN401
    ) -> AsyncIterator[httpx.Response]:
        with reaching(self._http.base_url):
            async with self._http.stream(method, path, **request) as answer:
                if answer.is_error:
                    await answer.aread()
                yield checked(answer)

    @asynccontextmanager
    async def _speaking(
        self, text: str, voice: str, options: Mapping[str, Any]
    ) -> AsyncIterator[httpx.Response]:
        body = speech.speech_body(text, voice, options)
        async with self._streaming("POST", speech.SPEECH, json=body) as answer:
            yield answer
