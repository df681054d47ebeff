"""Speech, and what its callers think of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mynah.client.calls import Call, path_of, value_of

SPEECH = "audio/speech"


class ServerSpeech(bytes):
    """A spoken text: the bytes of an audio file.

    Attributes:
        audio_id: by which it is rated; None if its voice has no trained versions.
        version: of the voice, that spoke; None of what is answered otherwise than by sound.
    """

    audio_id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class ServerRating:
    """What is thought of a piece of speech.

    Attributes:
        id: of the audio.
        voice: its id.
        version: that spoke.
        rating: from 1 to 5.
        similarity: to the speaker, from -1 to 1.
    """

    id: str
    voice: str
    version: int
    rating: int | None
    similarity: float | None


def speech_of(data: bytes, headers: Mapping[str, str]) -> ServerSpeech:
    """What an answer holds."""
    speech = ServerSpeech(data)
    speech.audio_id = headers.get("x-audio-id")
    version = headers.get("x-voice-version")
    speech.version = None if version is None else int(version)
    return speech


def speech_body(text: str, voice: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for."""
    return {"input": text, "voice": voice, **options}


def rate(audio_id: str, rating: int | None, similarity: float | None) -> Call[ServerRating]:
    """Rates a piece of speech."""
    given = {"rating": rating, "similarity": similarity}
    body = {name: value for name, value in given.items() if value is not None}
    path = path_of("audio", audio_id, "rating")
    return Call("POST", path, lambda told: value_of(ServerRating, told), {"json": body})
