"""`/v1/voices`."""

from typing import Annotated, Literal

from fastapi import File
from pydantic import BaseModel, ConfigDict, Field, Json

from mynah.errors import UnsupportedError
from mynah.server.compat.elevenlabs.auth import SpeakCaller, TrainCaller
from mynah.server.compat.elevenlabs.voice_settings import (
    SETTINGS_LABEL,
    Edited,
    VoiceSettings,
    settings_of,
)
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.fields import UploadedFile
from mynah.server.http.routers.voices import Labels, Words, admit_all
from mynah.server.plain_text import PlainText
from mynah.server.response_headers import tell_ignored
from mynah.server.speech.params import MODEL
from mynah.server.voices.access import VoiceAccess
from mynah.server.voices.store import VoiceName, VoiceRecord
from mynah.training.prepare.denoising import Denoiser, installed_denoiser

_DESCRIPTION = "description"
"""Label that stores a description, which Mynah's own voices do not have."""
_HIDDEN = (_DESCRIPTION, SETTINGS_LABEL)
"""Labels that ElevenLabs' clients see as fields of their own."""

router = admitting_router(prefix="/v1/voices", tags=["voices"])


class Voice(BaseModel):
    """A voice in ElevenLabs' format."""

    voice_id: str
    name: str
    category: Literal["premade", "cloned"]
    description: str | None
    labels: dict[str, str]
    settings: VoiceSettings
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
    files: list[UploadedFile] = Field(min_length=1)
    """One person's clear speech."""
    description: Words | None = None
    """Description of the voice."""
    labels: Json[Labels | None] | Literal[""] = ""
    """A JSON object of strings."""
    remove_background_noise: bool = False
    """Reduce noise in the recordings, where the extra `denoise` is installed; ignored elsewhere."""


class VoiceChanges(BaseModel):
    """Changes of a voice; omitted fields stay."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: VoiceName
    """Unique."""
    description: Words | None = None
    """Description of the voice."""
    labels: Json[Labels | None] | Literal[""] = ""
    """A JSON object of strings, which takes the place of all labels."""
    files: list[UploadedFile] = Field(default=[], max_length=0)
    """Not supported: the recordings of a voice stay."""
    remove_background_noise: bool | None = None
    """Without effect, as is the field below."""
    moderate_metadata: bool | None = None


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
    return VoiceList(voices=[written(voice) for voice in services.stores.voices.all(caller)])


@router.post("/add")
def add_voice(
    form: Annotated[VoiceForm, File()], caller: TrainCaller, services: ServicesOf
) -> NewVoice:
    """Make a voice from recordings; it can speak at once."""
    clips = admit_all(form.files, [], services, _denoiser(form))
    labels = dict(form.labels or {})
    if form.description:
        labels[_DESCRIPTION] = form.description
    voice = services.stores.voices.create(caller, form.name, clips, "auto", labels, None)
    return NewVoice(voice_id=voice.id)


@router.get("/{voice_id}")
def get_voice(voice_id: PlainText, caller: SpeakCaller, services: ServicesOf) -> Voice:
    """Get a voice."""
    return written(services.stores.voices.get(caller, voice_id))


@router.post("/{voice_id}/edit")
def edit_voice(
    voice_id: PlainText,
    form: Annotated[VoiceChanges, File()],
    caller: TrainCaller,
    services: ServicesOf,
) -> Edited:
    """Change a voice's name, description or labels."""
    voices = services.stores.voices
    voice = voices.managed(caller, voice_id)
    stored = {name: voice.labels[name] for name in _HIDDEN if name in voice.labels}
    labels = dict(form.labels) | stored if isinstance(form.labels, dict) else dict(voice.labels)
    if form.description is not None:
        labels[_DESCRIPTION] = form.description
    voices.change(caller, voice.id, {"name": form.name, "labels": labels})
    return Edited()


@router.delete("/{voice_id}")
def delete_voice(voice_id: PlainText, caller: TrainCaller, services: ServicesOf) -> Deleted:
    """Delete a voice and its recordings."""
    services.stores.voices.delete(caller, voice_id)
    return Deleted()


def _denoiser(form: VoiceForm) -> Denoiser | None:
    if not form.remove_background_noise:
        return None
    try:
        return installed_denoiser()
    except UnsupportedError:
        tell_ignored(["remove_background_noise"])
        return None


def written(voice: VoiceRecord) -> Voice:
    """A voice in ElevenLabs' format."""
    labels = dict(voice.labels)
    settings = settings_of(labels)
    labels.pop(SETTINGS_LABEL, None)
    return Voice(
        voice_id=voice.id,
        name=voice.name,
        category="premade" if voice.built_in else "cloned",
        description=labels.pop(_DESCRIPTION, None),
        labels=labels,
        settings=settings,
        is_owner=voice.access is VoiceAccess.OWN,
        created_at_unix=voice.created_at,
    )
