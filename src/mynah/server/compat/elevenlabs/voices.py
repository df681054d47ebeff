"""`/v1/voices`."""

from typing import Annotated, Literal

from fastapi import File, UploadFile
from pydantic import BaseModel, ConfigDict, Field, Json

from mynah.server.compat.elevenlabs.auth import SpeakCaller, TrainCaller
from mynah.server.errors import RequestError
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.routers.voices import Labels, Words, admit_all
from mynah.server.plain_text import PlainText
from mynah.server.speech.params import MODEL
from mynah.server.voices.access import VoiceAccess
from mynah.server.voices.store import VoiceName, VoiceRecord

_DESCRIPTION = "description"
"""Label that stores a description, which Mynah's own voices do not have."""

router = admitting_router(prefix="/v1/voices", tags=["voices"])


class Voice(BaseModel):
    """A voice in ElevenLabs' format."""

    voice_id: str
    name: str
    category: Literal["premade", "cloned"]
    description: str | None
    labels: dict[str, str]
    high_quality_base_model_ids: list[str] = [MODEL]
    is_owner: bool
    created_at_unix: int


class VoiceList(BaseModel):
    """All voices."""

    voices: list[Voice]


class VoiceForm(BaseModel):
    """A new voice."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: VoiceName
    """Unique."""
    files: list[UploadFile] = Field(min_length=1)
    """One person's clear speech."""
    description: Words | None = None
    """Description of the voice."""
    labels: Json[Labels | None] | Literal[""] = ""
    """A JSON object of strings."""
    remove_background_noise: bool = False
    """Not supported: must be false."""


class NewVoice(BaseModel):
    """The id of a created voice."""

    voice_id: str
    requires_verification: bool = False


class Deleted(BaseModel):
    """Confirmation of a deletion."""

    status: str = "ok"


@router.get("")
def list_voices(caller: SpeakCaller, services: ServicesOf) -> VoiceList:
    """List all voices, those that come with Mynah among them."""
    return VoiceList(voices=[_written(voice) for voice in services.stores.voices.all(caller)])


@router.post("/add")
def add_voice(
    form: Annotated[VoiceForm, File()], caller: TrainCaller, services: ServicesOf
) -> NewVoice:
    """Make a voice from recordings; it can speak at once."""
    if form.remove_background_noise:
        raise RequestError(
            "Noise cannot be removed; send clean recordings.", "remove_background_noise"
        )
    clips = admit_all(form.files, [], services)
    labels = dict(form.labels or {})
    if form.description:
        labels[_DESCRIPTION] = form.description
    voice = services.stores.voices.create(caller, form.name, clips, "auto", labels, None)
    return NewVoice(voice_id=voice.id)


@router.get("/{voice_id}")
def get_voice(voice_id: PlainText, caller: SpeakCaller, services: ServicesOf) -> Voice:
    """Get a voice."""
    return _written(services.stores.voices.get(caller, voice_id))


@router.delete("/{voice_id}")
def delete_voice(voice_id: PlainText, caller: TrainCaller, services: ServicesOf) -> Deleted:
    """Delete a voice and its recordings."""
    services.stores.voices.delete(caller, voice_id)
    return Deleted()


def _written(voice: VoiceRecord) -> Voice:
    labels = dict(voice.labels)
    return Voice(
        voice_id=voice.id,
        name=voice.name,
        category="premade" if voice.built_in else "cloned",
        description=labels.pop(_DESCRIPTION, None),
        labels=labels,
        is_owner=voice.access is VoiceAccess.OWN,
        created_at_unix=voice.created_at,
    )
