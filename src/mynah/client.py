"""Clients of a Mynah server, for what OpenAI's client does not have: its options and its voices.

    with mynah.Client("http://localhost:8000", key="mynah_...") as client:
        client.create_voice("teacher", "teacher.wav", texts=["What I say in it."])
        sound = client.speak("你好，world.", voice="teacher", response_format="wav", seed=7)

`Client` and `AsyncClient` have the same calls.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx

from mynah.errors import ServerError

Recording = str | Path | bytes
"""An audio file, by its path or as it is."""

_TIMEOUT = httpx.Timeout(30.0, read=300.0)
_PAGE = 100


@dataclass(frozen=True, slots=True)
class ServerVoice:
    """A voice of a server.

    Attributes:
        created_at: seconds since 1970.
        built_in: whether it comes with Mynah and cannot be changed.
    """

    id: str
    name: str
    language: str
    labels: Mapping[str, str]
    consent: str | None
    default_version: str
    created_at: int
    built_in: bool


class Client:
    """Calls a server.

    Every call raises `ServerError` if the server refuses it, fails or cannot be reached.

    Args:
        url: of the server, such as `http://localhost:8000`.
        key: that `mynah keys create` printed; none for a server that runs without keys.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        self._http = httpx.Client(base_url=_base(url), headers=_headers(key), timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leaves the server."""
        self._http.close()

    def speak(self, text: str, voice: str, **options: Any) -> bytes:  # noqa: ANN401
        """A spoken text as an audio file.

        Args:
            text: what to say.
            voice: name or id.
            options: other fields of `POST /v1/audio/speech`, such as `response_format`, `seed`.
        """
        return b"".join(self.stream(text, voice, **options))

    def stream(self, text: str, voice: str, **options: Any) -> Iterator[bytes]:  # noqa: ANN401
        """The same audio in parts, as it is ready."""
        body = {"input": text, "voice": voice, **options}
        with (
            _reaching(self._http.base_url),
            self._http.stream("POST", "audio/speech", json=body) as answer,
        ):
            if answer.is_error:
                answer.read()
            yield from _checked(answer).iter_bytes()

    def voices(self) -> list[ServerVoice]:
        """All voices."""
        found: list[ServerVoice] = []
        while page := self._json("GET", "voices", params=_after(found)):
            found += map(_voice, page["data"])
            if not page["has_more"]:
                break
        return found

    def voice(self, voice: str) -> ServerVoice:
        """The voice of a name or id."""
        return _voice(self._json("GET", _path(voice)))

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
        form = _form(name, urls, texts, language, labels, consent)
        return _voice(self._json("POST", "voices", data=form, files=_files(recordings)))

    def change_voice(self, voice: str, **changes: Any) -> ServerVoice:  # noqa: ANN401
        """Changes a voice's `name`, `labels` or `consent`."""
        return _voice(self._json("PATCH", _path(voice), json=changes))

    def delete_voice(self, voice: str) -> None:
        """Deletes a voice and its recordings."""
        self._json("DELETE", _path(voice))

    def _json(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401
        with _reaching(self._http.base_url):
            return _checked(self._http.request(method, path, **request)).json()


class AsyncClient:
    """Calls a server without blocking; see `Client`."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._http = httpx.AsyncClient(base_url=_base(url), headers=_headers(key), timeout=_TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leaves the server."""
        await self._http.aclose()

    async def speak(self, text: str, voice: str, **options: Any) -> bytes:  # noqa: ANN401
        """See `Client.speak`."""
        return b"".join([part async for part in self.stream(text, voice, **options)])

    async def stream(
        self,
        text: str,
        voice: str,
        **options: Any,  # noqa: ANN401
    ) -> AsyncIterator[bytes]:
        """See `Client.stream`."""
        body = {"input": text, "voice": voice, **options}
        with _reaching(self._http.base_url):
            async with self._http.stream("POST", "audio/speech", json=body) as answer:
                if answer.is_error:
                    await answer.aread()
                async for part in _checked(answer).aiter_bytes():
                    yield part

    async def voices(self) -> list[ServerVoice]:
        """See `Client.voices`."""
        found: list[ServerVoice] = []
        while page := await self._json("GET", "voices", params=_after(found)):
            found += map(_voice, page["data"])
            if not page["has_more"]:
                break
        return found

    async def voice(self, voice: str) -> ServerVoice:
        """See `Client.voice`."""
        return _voice(await self._json("GET", _path(voice)))

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
        form = _form(name, urls, texts, language, labels, consent)
        return _voice(await self._json("POST", "voices", data=form, files=_files(recordings)))

    async def change_voice(self, voice: str, **changes: Any) -> ServerVoice:  # noqa: ANN401
        """See `Client.change_voice`."""
        return _voice(await self._json("PATCH", _path(voice), json=changes))

    async def delete_voice(self, voice: str) -> None:
        """See `Client.delete_voice`."""
        await self._json("DELETE", _path(voice))

    async def _json(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401
        with _reaching(self._http.base_url):
            return _checked(await self._http.request(method, path, **request)).json()


def _base(url: str) -> str:
    return f"{url.rstrip('/')}/v1/"


def _headers(key: str | None) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} if key else {}


def _path(voice: str) -> str:
    return f"voices/{quote(voice, safe='')}"


def _after(found: Sequence[ServerVoice]) -> dict[str, str | int]:
    return {"limit": _PAGE, "after": found[-1].id if found else ""}


def _voice(body: dict[str, Any]) -> ServerVoice:
    return ServerVoice(**{name: body[name] for name in ServerVoice.__slots__})


def _form(
    name: str,
    urls: Sequence[str],
    texts: Sequence[str],
    language: str,
    labels: Mapping[str, str] | None,
    consent: str | None,
) -> dict[str, Any]:
    form = {
        "name": name,
        "recording_urls": list(urls),
        "text": list(texts),
        "language": language,
        "labels": json.dumps(dict(labels or {})),
    }
    return form if consent is None else {**form, "consent": consent}


def _files(recordings: Sequence[Recording]) -> list[tuple[str, bytes]]:
    return [
        ("recordings", each if isinstance(each, bytes) else Path(each).read_bytes())
        for each in recordings
    ]


@contextmanager
def _reaching(url: httpx.URL) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        kind = type(error).__name__
        raise ServerError(f"{url} does not answer ({kind}); check that it runs there.") from error


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        told = answer.json()["error"]
        raise ServerError(
            told["message"], told["code"], answer.status_code, told["param"], told["request_id"]
        )
    except (ValueError, LookupError, TypeError):
        raise ServerError(
            f"{answer.url} answers {answer.status_code}; check that it is a Mynah server."
        ) from None
