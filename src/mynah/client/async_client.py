"""The client that others can work beside."""

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
    """Calls a server without blocking; see `Client`."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._http = httpx.AsyncClient(base_url=base(url), headers=headers(key), timeout=TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leaves the server."""
        await self._http.aclose()

    async def speak(self, text: str, voice: str, **options: Any) -> ServerSpeech:  # noqa: ANN401
        """See `Client.speak`."""
        async with self._speaking(text, voice, options) as answer:
            return speech.speech_of(await answer.aread(), answer.headers)

    async def stream(
        self,
        text: str,
        voice: str,
        **options: Any,  # noqa: ANN401
    ) -> AsyncIterator[bytes]:
        """See `Client.stream`."""
        async with self._speaking(text, voice, options) as answer:
            async for part in answer.aiter_bytes():
                yield part

    async def rate(
        self, audio_id: str, rating: int | None = None, similarity: float | None = None
    ) -> ServerRating:
        """See `Client.rate`."""
        return await self._make(speech.rate(audio_id, rating, similarity))

    async def voices(self) -> list[ServerVoice]:
        """See `Client.voices`."""
        return await self._all(voices.voices)

    async def voice(self, voice: str) -> ServerVoice:
        """See `Client.voice`."""
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
        """See `Client.create_voice`."""
        return await self._make(
            voices.create_voice(name, recordings, urls, texts, language, labels, consent)
        )

    async def change_voice(self, voice: str, **changes: Any) -> ServerVoice:  # noqa: ANN401
        """See `Client.change_voice`."""
        return await self._make(voices.change_voice(voice, changes))

    async def delete_voice(self, voice: str) -> None:
        """See `Client.delete_voice`."""
        await self._make(voices.delete_voice(voice))

    async def train(
        self,
        voice: str,
        *recordings: Recording,
        texts: Sequence[str] = (),
        language: str = "auto",
        **options: Any,  # noqa: ANN401
    ) -> ServerJob:
        """See `Client.train`."""
        return await self._make(jobs.train(voice, recordings, texts, language, options))

    async def jobs(self) -> list[ServerJob]:
        """See `Client.jobs`."""
        return await self._all(jobs.jobs)

    async def job(self, job: str) -> ServerJob:
        """See `Client.job`."""
        return await self._make(jobs.job(job))

    async def events(self, job: str, after: int = 0) -> AsyncIterator[ServerEvent]:
        """See `Client.events`."""
        asked = {"headers": jobs.events_after(after)}
        async with self._streaming("GET", jobs.events_path(job), **asked) as answer:
            lines = jobs.EventLines()
            async for line in answer.aiter_lines():
                if event := lines.read(line):
                    yield event

    async def wait(self, job: str) -> ServerJob:
        """See `Client.wait`."""
        async for _ in self.events(job):
            pass
        return await self.job(job)

    async def cancel(self, job: str) -> ServerJob:
        """See `Client.cancel`."""
        return await self._make(jobs.cancel(job))

    async def retry(self, job: str) -> ServerJob:
        """See `Client.retry`."""
        return await self._make(jobs.retry(job))

    async def versions(self, voice: str) -> list[ServerVersion]:
        """See `Client.versions`."""
        return await self._make(versions.versions(voice))

    async def rollout(self, voice: str) -> ServerRollout:
        """See `Client.rollout`."""
        return await self._make(versions.rollout(voice))

    async def promote(self, voice: str, version: int) -> ServerRollout:
        """See `Client.promote`."""
        return await self._make(versions.promote(voice, version))

    async def rollback(self, voice: str) -> ServerRollout:
        """See `Client.rollback`."""
        return await self._make(versions.rollback(voice))

    async def set_traffic(self, voice: str, weights: Mapping[int, float]) -> ServerRollout:
        """See `Client.set_traffic`."""
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
