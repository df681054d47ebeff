"""What the server can do: its models, its languages, and how it reads a text."""

from pydantic import BaseModel, ConfigDict, Field

from mynah.server.http.admission import SpeakCaller, admitting_router
from mynah.server.plain_text import PlainText
from mynah.server.speech.params import ALIASES, MODEL
from mynah.text.frontend import analyse
from mynah.text.languages.registry import CODES
from mynah.text.sentence import Sentence

router = admitting_router(tags=["catalogue"])


class Model(BaseModel):
    """A model as OpenAI lists one."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str = "mynah"


class Models(BaseModel):
    """All models."""

    object: str = "list"
    data: list[Model]


class Language(BaseModel):
    """A language code and what it stands for."""

    code: str
    name: str


class Languages(BaseModel):
    """All language codes."""

    object: str = "list"
    data: list[Language]


class PhonemesBody(BaseModel):
    """A text to be pronounced."""

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
    """A sentence as it will be spoken."""

    text: str
    normalised: str
    words: list[Word]


class Phonemes(BaseModel):
    """A text as it will be spoken."""

    sentences: list[PronouncedSentence]


@router.get("/models")
def list_models(_: SpeakCaller) -> Models:
    """List the models."""
    return Models(data=[Model(id=name) for name in (MODEL, *ALIASES)])


@router.get("/languages")
def list_languages(_: SpeakCaller) -> Languages:
    """List the language codes."""
    return Languages(data=[Language(code=code, name=each.name) for code, each in CODES.items()])


@router.post("/text/phonemes")
def pronounce(body: PhonemesBody, _: SpeakCaller) -> Phonemes:
    """Tell how a text is cut, normalised and pronounced, without speaking it."""
    sentences = analyse(body.input, body.language, body.split)
    return Phonemes(sentences=[_pronounced(sentence) for sentence in sentences])


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
