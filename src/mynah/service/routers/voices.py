"""`/v1/voices`: voices made from recordings."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Annotated

from fastapi import APIRouter, File, Query, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, Json, StringConstraints

from mynah.errors import RequestError, TextError
from mynah.service.auth import Speaker, Trainer
from mynah.service.services import Services, ServicesOf
from mynah.service.uploads import CONTENT_TYPE, admit
from mynah.service.voices import NewRecording, VoiceRecord
from mynah.text.frontend import analyse
from mynah.text.language import code_of

router = APIRouter(prefix="/voices", tags=["voices"])

Name = Annotated[
    str,
    # No control characters: a name stands in logs, lists and file names.
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$"
    ),
]
Words = Annotated[str, StringConstraints(max_length=2000)]
Label = Annotated[str, StringConstraints(max_length=200)]
Labels = Annotated[dict[Label, Label], Field(max_length=50)]


class VoiceForm(BaseModel):
    """A new voice."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: Name
    """Unique; callers may use it in place of the id."""
    recordings: list[UploadFile] = Field(min_length=1)
    """One person's clear speech. The first is the prompt: best 3 to 10 seconds of it."""
    text: list[Words] = []
    """The words of each recording, in their order. Without them only the timbre is taken."""
    language: str = "auto"
    """Language of these words."""
    labels: Json[Labels] = {}
    """Whatever is to be remembered of the voice: a JSON object of strings."""
    consent: Words | None = None
    """How the speaker agreed to be cloned, and where that can be looked up."""


class VoiceChanges(BaseModel):
    """What may change of a voice; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"labels": {"mood": "calm"}}]}
    )
    name: Name = ""
    labels: Labels = {}
    consent: Words | None = None


class VoiceBody(BaseModel):
    """A voice."""

    model_config = ConfigDict(from_attributes=True)
    object: str = "voice"
    id: str
    name: str
    language: str
    labels: dict[str, str]
    consent: str | None
    default_version: str
    created_at: int
    built_in: bool


class VoicePage(BaseModel):
    """Some voices; the next ones follow after `last_id`."""

    object: str = "list"
    data: list[VoiceBody]
    has_more: bool
    last_id: str | None


class PageQuery(BaseModel):
    """Which voices to list."""

    model_config = ConfigDict(extra="forbid")
    after: Annotated[str, StringConstraints(max_length=100)] = ""
    limit: int = Field(default=20, ge=1, le=100)


class DeletedVoice(BaseModel):
    """A voice that is no more."""

    id: str
    object: str = "voice.deleted"
    deleted: bool = True


@router.post("", status_code=201)
def create_voice(form: Annotated[VoiceForm, File()], _: Trainer, services: ServicesOf) -> VoiceBody:
    """Make a voice from recordings; it can speak at once."""
    _check_words(form)
    clips = admit_all(form.recordings, form.text, services)
    voice = services.voices.create(form.name, clips, form.language, form.labels, form.consent)
    return _body(voice)


@router.get("")
def list_voices(
    query: Annotated[PageQuery, Query()], _: Speaker, services: ServicesOf
) -> VoicePage:
    """List voices, those that come with Mynah among them."""
    page = services.voices.page(query.after, query.limit)
    last = page.voices[-1].id if page.voices else None
    return VoicePage(data=[_body(voice) for voice in page.voices], has_more=page.more, last_id=last)


@router.get("/{voice}")
def get_voice(voice: str, _: Speaker, services: ServicesOf) -> VoiceBody:
    """Look a voice up by its id or name."""
    return _body(services.voices.get(voice))


@router.patch("/{voice}")
def change_voice(voice: str, changes: VoiceChanges, _: Trainer, services: ServicesOf) -> VoiceBody:
    """Change a voice's name, labels or consent."""
    return _body(services.voices.change(voice, changes.model_dump(exclude_unset=True)))


@router.delete("/{voice}")
def delete_voice(voice: str, _: Trainer, services: ServicesOf) -> DeletedVoice:
    """Delete a voice and its recordings."""
    return DeletedVoice(id=services.voices.delete(voice).id)


@router.get(
    "/{voice}/preview",
    response_class=Response,
    responses={200: {"description": "The recording.", "content": {CONTENT_TYPE: {}}}},
)
def preview_voice(voice: str, _: Speaker, services: ServicesOf) -> Response:
    """Hear the recording that a voice is made of."""
    return Response(services.voices.preview(voice), media_type=CONTENT_TYPE)


def _check_words(form: VoiceForm) -> None:
    """Finds out now, not when the voice first speaks, whether its words can be pronounced."""
    code_of(form.language)
    if len(form.text) > len(form.recordings):
        raise RequestError("There are more texts than recordings; send one for each.", "text")
    try:
        for words in filter(None, form.text):
            analyse(words, form.language, split="cut0")
    except TextError as error:
        raise RequestError(str(error), "text") from None


def admit_all(
    files: Sequence[UploadFile], texts: Sequence[str], services: Services
) -> list[NewRecording]:
    """Checks the recordings of a voice, each with its words if they are known.

    Raises:
        RequestError: there are too many.
        RecordingError: one is not within the rules, or no clear speech.
    """
    most = services.settings.upload_recordings
    if len(files) > most:
        raise RequestError(f"A voice has at most {most} recordings; send fewer.", "recordings")
    limit = services.uploads.bytes + 1
    return [
        NewRecording(admit(file.file.read(limit), services.uploads), text or None)
        for file, text in zip_longest(files, texts)
    ]


def _body(voice: VoiceRecord) -> VoiceBody:
    return VoiceBody.model_validate(voice)
