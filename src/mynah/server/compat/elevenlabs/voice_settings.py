"""Settings of a voice: `/v1/voices/{voice_id}/settings` and `/v1/voices/settings/default`."""

from collections.abc import Mapping

from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from mynah.errors import VoiceNotFoundError
from mynah.options import RANGES, SpeechOptions
from mynah.server.access.keys import Caller
from mynah.server.compat.elevenlabs.auth import SpeakCaller, TrainCaller
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.plain_text import PlainText
from mynah.server.services import Services

SETTINGS_LABEL = "voice_settings"
"""Label that stores the settings, which Mynah's own voices do not have."""

router = admitting_router(prefix="/v1/voices", tags=["voices"])


class VoiceSettings(BaseModel):
    """Settings of the voice; only `speed` has an effect here."""

    model_config = ConfigDict(extra="forbid")

    speed: float | None = Field(default=None, ge=RANGES["speed"][0], le=RANGES["speed"][1])
    stability: FiniteFloat | None = None
    similarity_boost: FiniteFloat | None = None
    style: FiniteFloat | None = None
    use_speaker_boost: bool | None = None
    clone_strength: FiniteFloat | None = None


DEFAULT_SETTINGS = VoiceSettings(
    speed=SpeechOptions().speed,
    stability=0.5,
    similarity_boost=0.75,
    style=0.0,
    use_speaker_boost=True,
)


class Edited(BaseModel):
    """Confirmation of a change."""

    status: str = "ok"


def settings_of(labels: Mapping[str, str]) -> VoiceSettings:
    """The settings that a voice's labels store; the default ones where they store none."""
    stored = _stored(labels).model_dump(exclude_none=True)
    return DEFAULT_SETTINGS.model_copy(update=stored)


async def speed_of(
    services: Services, caller: Caller, voice_id: str, settings: VoiceSettings | None
) -> float:
    """The speed of a request: its own, or the one that is stored for its voice."""
    if settings is not None and settings.speed is not None:
        return settings.speed
    stored = await run_in_threadpool(_settings_of_voice, services, caller, voice_id)
    return stored.speed or SpeechOptions().speed


@router.get("/settings/default")
def get_default_settings(_: SpeakCaller) -> VoiceSettings:
    """Get the settings of voices that have none of their own."""
    return DEFAULT_SETTINGS


@router.get("/{voice_id}/settings")
def get_settings(voice_id: PlainText, caller: SpeakCaller, services: ServicesOf) -> VoiceSettings:
    """Get the settings of a voice."""
    return settings_of(services.stores.voices.get(caller, voice_id).labels)


@router.post("/{voice_id}/settings/edit")
def edit_settings(
    voice_id: PlainText, settings: VoiceSettings, caller: TrainCaller, services: ServicesOf
) -> Edited:
    """Set the settings of a voice, for requests that send none."""
    voices = services.stores.voices
    voice = voices.managed(caller, voice_id)
    kept = settings.model_dump_json(exclude_none=True)
    voices.change(caller, voice.id, {"labels": {**voice.labels, SETTINGS_LABEL: kept}})
    return Edited()


def _settings_of_voice(services: Services, caller: Caller, voice_id: str) -> VoiceSettings:
    try:
        return settings_of(services.stores.voices.get(caller, voice_id).labels)
    except VoiceNotFoundError:  # an alias, or an error that the request itself will raise
        return DEFAULT_SETTINGS


def _stored(labels: Mapping[str, str]) -> VoiceSettings:
    """The settings in labels, which callers of Mynah's own API may have written as well."""
    try:
        return VoiceSettings.model_validate_json(labels.get(SETTINGS_LABEL, "{}"))
    except ValueError:
        return VoiceSettings()
