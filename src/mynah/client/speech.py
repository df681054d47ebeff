"""Speech and its ratings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mynah.client.calls import Call, path_of, value_of

SPEECH = "audio/speech"


class ServerSpeech(bytes):
    """The bytes of an audio file of speech.

    Attributes:
        audio_id: for `rate`; None if the voice has no trained versions.
        version: number of the version that spoke; None if the response is not audio.
    """

    audio_id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class ServerRating:
    """The rating of a speech result: from 1 to 5, and the similarity from -1 to 1."""

    id: str
    voice: str
    version: int
    rating: int | None
    similarity: float | None


def speech_of(data: bytes, headers: Mapping[str, str]) -> ServerSpeech:
    """The speech in a response."""
    speech = ServerSpeech(data)
    speech.audio_id = headers.get("x-audio-id")
    version = headers.get("x-voice-version")
    speech.version = None if version is None else int(version)
    return speech


def speech_body(text: str, voice: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON body of a speech request."""
    return {"input": text, "voice": voice, **options}


def rate(audio_id: str, rating: int | None, similarity: float | None) -> Call[ServerRating]:
    """The call that rates a speech result."""
    given = {"rating": rating, "similarity": similarity}
    body = {name: value for name, value in given.items() if value is not None}
    path = path_of("audio", audio_id, "rating")
    return Call("POST", path, lambda rated: value_of(ServerRating, rated), {"json": body})
