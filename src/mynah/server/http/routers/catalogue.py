"""Models, languages, and the pronunciation of a text."""

from collections import Counter
from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from mynah.server.http.admission import SpeakCaller, admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.plain_text import PlainText
from mynah.server.speech.params import ALIASES, MODEL, check_model
from mynah.text.frontend import analyse
from mynah.text.languages.registry import CODES
from mynah.text.sentence import Sentence

router = admitting_router(tags=["catalogue"])


class Model(BaseModel):
    """A model in OpenAI's format."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str = "mynah"


class Models(BaseModel):
    """All models."""

    object: str = "list"
    data: list[Model]


class SpeechModels(BaseModel):
    """The models as Open WebUI asks for them."""

    models: list[Model]


class NamedVoice(BaseModel):
    """A voice as Open WebUI offers it: it sends the id."""

    id: str
    name: str


class SpeechVoices(BaseModel):
    """All voices."""

    voices: list[NamedVoice]


class Language(BaseModel):
    """A language code and its meaning."""

    code: str
    name: str


class Languages(BaseModel):
    """All language codes."""

    object: str = "list"
    data: list[Language]


class PhonemesBody(BaseModel):
    """A text to pronounce."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"input": "你好，world.", "language": "zh"}]},
    )
    input: str = Field(min_length=1, max_length=4096)
    language: PlainText = "auto"
    split: PlainText = "cut5"


class Word(BaseModel):
    """A word of the normalised text and its phonemes."""

    text: str
    language: str
    phonemes: list[str]


class PronouncedSentence(BaseModel):
    """A sentence, normalised and pronounced."""

    text: str
    normalised: str
    words: list[Word]


class Phonemes(BaseModel):
    """A text, normalised and pronounced."""

    sentences: list[PronouncedSentence]


@router.get("/models")
def list_models(_: SpeakCaller) -> Models:
    """List the models."""
    return Models(data=_models())


@router.get("/models/{model}")
def get_model(model: PlainText, _: SpeakCaller) -> Model:
    """Look a model up."""
    check_model(model)
    return Model(id=model)


@router.get("/audio/models")
def list_speech_models(_: SpeakCaller) -> SpeechModels:
    """List the models, as Open WebUI asks for them."""
    return SpeechModels(models=_models())


@router.get("/audio/voices")
def list_speech_voices(caller: SpeakCaller, services: ServicesOf) -> SpeechVoices:
    """List all voices by name, as Open WebUI asks for them; `GET /v1/voices` has more fields."""
    found = list(services.stores.voices.all(caller))
    number = Counter(voice.name for voice in found)
    # A shared voice may be named like another one, and is then called by its id.
    ids = (voice.name if number[voice.name] == 1 else voice.id for voice in found)
    named = zip(ids, found, strict=True)
    return SpeechVoices(voices=[NamedVoice(id=each, name=voice.name) for each, voice in named])


@router.get("/languages")
def list_languages(_: SpeakCaller) -> Languages:
    """List the language codes."""
    return Languages(data=[Language(code=code, name=each.name) for code, each in CODES.items()])


@router.post("/text/phonemes")
async def pronounce(body: PhonemesBody, caller: SpeakCaller, services: ServicesOf) -> Phonemes:
    """Split, normalise and pronounce a text without speaking it."""
    read = partial(analyse, body.input, body.language, body.split)
    sentences = await services.texts.run(caller.owner, read)
    return Phonemes(sentences=[_pronounced(sentence) for sentence in sentences])


def _models() -> list[Model]:
    return [Model(id=name) for name in (MODEL, *ALIASES)]


def _pronounced(sentence: Sentence) -> PronouncedSentence:
    words = [
        Word(
            text=span.text,
            language=span.language,
            phonemes=list(sentence.phones[span.start : span.end]),
        )
        for span in sentence.spans
    ]
    return PronouncedSentence(text=sentence.text, normalised=sentence.normalised, words=words)
