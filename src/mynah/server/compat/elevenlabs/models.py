"""`GET /v1/models`."""

from pydantic import BaseModel

from mynah.server.compat.elevenlabs.auth import SpeakCaller
from mynah.server.http.admission import admitting_router
from mynah.server.speech.params import MODEL
from mynah.text.languages.registry import CODES

LONGEST_TEXT = 10_000
"""Characters of one request."""

router = admitting_router(tags=["models"])


class Language(BaseModel):
    """A language of a model."""

    language_id: str
    name: str


class Model(BaseModel):
    """A model in ElevenLabs' format."""

    model_id: str = MODEL
    name: str = "Mynah"
    description: str = "GPT-SoVITS: speaks in the voice of a recording."
    can_do_text_to_speech: bool = True
    can_do_voice_conversion: bool = False
    can_be_finetuned: bool = False
    can_use_style: bool = False
    can_use_speaker_boost: bool = False
    serves_pro_voices: bool = False
    requires_alpha_access: bool = False
    token_cost_factor: float = 1.0
    maximum_text_length_per_request: int = LONGEST_TEXT
    languages: list[Language]


@router.get("/v1/models")
def list_models(_: SpeakCaller) -> list[Model]:
    """List the models."""
    languages = [Language(language_id=code, name=each.name) for code, each in CODES.items()]
    return [Model(languages=languages)]
