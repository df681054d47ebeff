"""`/v1/voices`: voices made from recordings."""

import io
from collections.abc import Sequence
from itertools import zip_longest
from typing import Annotated

from fastapi import File, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, Json, StringConstraints

from mynah.server.app import Services
from mynah.server.errors import RequestError
from mynah.server.http.admission import SpeakCaller, TrainCaller, admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.middleware.idempotency import DESCRIBED
from mynah.server.http.ranges import blob_response
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.voices.fetch import fetch
from mynah.server.voices.store import NewRecording, VoiceName, VoiceRecord
from mynah.server.voices.uploads import CONTENT_TYPE, admit, check_words

router = admitting_router(prefix="/voices", tags=["voices"])

Url = Annotated[str, StringConstraints(max_length=2000)]
Words = Annotated[str, StringConstraints(max_length=2000), PLAIN]
Label = Annotated[str, StringConstraints(max_length=200), PLAIN]
Labels = Annotated[dict[Label, Label], Field(max_length=50)]


class VoiceForm(BaseModel):
    """A new voice."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: VoiceName
    """Unique; callers may use it in place of the id. Without slashes and control characters."""
    recordings: list[UploadFile] = []
    """One person's clear speech. The first is the prompt: best 3 to 10 seconds of it."""
    recording_urls: list[Url] = []
    """URLs of further recordings, which follow the others; if the operator allows fetching."""
    text: list[Words] = []
    """The words of each recording, in their order. Without them only the timbre is taken."""
    language: PlainText = "auto"
    """Language of these words."""
    labels: Json[Labels] = {}
    """Metadata of the voice: a JSON object of strings."""
    consent: Words | None = None
    """The speaker's consent to be cloned, and where it is recorded."""


class VoiceChanges(BaseModel):
    """Changes of a voice; omitted fields stay."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"labels": {"mood": "calm"}}]}
    )
    name: VoiceName = ""
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
    """A page of voices; the next ones follow after `last_id`."""

    object: str = "list"
    data: list[VoiceBody]
    has_more: bool
    last_id: str | None


class PageQuery(BaseModel):
    """Page of voices to list."""

    model_config = ConfigDict(extra="forbid")
    after: Annotated[str, StringConstraints(max_length=100), PLAIN] = ""
    limit: int = Field(default=20, ge=1, le=100)


class DeletedVoice(BaseModel):
    """A deleted voice."""

    id: str
    object: str = "voice.deleted"
    deleted: bool = True


@router.post("", status_code=201, dependencies=[DESCRIBED])
async def create_voice(
    form: Annotated[VoiceForm, File()], _: TrainCaller, services: ServicesOf
) -> VoiceBody:
    """Create a voice from recordings; it can speak at once."""
    await run_in_threadpool(_check, form, services)
    fetched = [
        UploadFile(io.BytesIO(await fetch(url, services.fetch_rules)))
        for url in form.recording_urls
    ]
    return await run_in_threadpool(_create, form, fetched, services)


@router.get("")
def list_voices(
    query: Annotated[PageQuery, Query()], _: SpeakCaller, services: ServicesOf
) -> VoicePage:
    """List voices, those that come with Mynah among them."""
    page = services.stores.voices.page(query.after, query.limit)
    last = page.voices[-1].id if page.voices else None
    return VoicePage(data=[_body(voice) for voice in page.voices], has_more=page.more, last_id=last)


@router.get("/{voice}")
def get_voice(voice: PlainText, _: SpeakCaller, services: ServicesOf) -> VoiceBody:
    """Get a voice by its id or name."""
    return _body(services.stores.voices.get(voice))


@router.patch("/{voice}", dependencies=[DESCRIBED])
def change_voice(
    voice: PlainText, changes: VoiceChanges, _: TrainCaller, services: ServicesOf
) -> VoiceBody:
    """Change a voice's name, labels or consent."""
    return _body(services.stores.voices.change(voice, changes.model_dump(exclude_unset=True)))


@router.delete("/{voice}", dependencies=[DESCRIBED])
def delete_voice(voice: PlainText, _: TrainCaller, services: ServicesOf) -> DeletedVoice:
    """Delete a voice and its recordings."""
    return DeletedVoice(id=services.stores.voices.delete(voice).id)


@router.head("/{voice}/preview", include_in_schema=False)
@router.get(
    "/{voice}/preview",
    response_class=Response,
    responses={
        200: {"description": "The recording.", "content": {CONTENT_TYPE: {}}},
        206: {"description": "The part that `Range` asks for.", "content": {CONTENT_TYPE: {}}},
        304: {"description": "It is as `If-None-Match` has it."},
    },
)
def preview_voice(
    request: Request, voice: PlainText, _: SpeakCaller, services: ServicesOf
) -> Response:
    """Get the recording that a voice is made of."""
    return blob_response(request, services.stores.voices.preview(voice), CONTENT_TYPE)


def _create(form: VoiceForm, fetched: Sequence[UploadFile], services: Services) -> VoiceBody:
    clips = admit_all([*form.recordings, *fetched], form.text, services)
    voice = services.stores.voices.create(
        form.name, clips, form.language, form.labels, form.consent
    )
    return _body(voice)


def _check(form: VoiceForm, services: Services) -> None:
    """Check now, not when the voice first speaks, that its words can be pronounced."""
    number = len(form.recordings) + len(form.recording_urls)
    _check_number(number, services)
    # A prompt is not split into sentences.
    check_words(form.text, number, form.language, split="cut0")


def admit_all(
    files: Sequence[UploadFile], texts: Sequence[str], services: Services
) -> list[NewRecording]:
    """Check the recordings of a voice, each with its words if they are known.

    Raises:
        RequestError: there are too many, or none.
        RecordingError: one is not within the rules, or no clear speech.
    """
    _check_number(len(files), services)
    limit = services.upload_rules.bytes + 1
    return [
        NewRecording(admit(file.file.read(limit), services.upload_rules), text or None)
        for file, text in zip_longest(files, texts)
    ]


def _check_number(recordings: int, services: Services) -> None:
    most = services.settings.upload_recordings
    if not 1 <= recordings <= most:
        raise RequestError(
            f"There are {recordings} recordings, and a voice has 1 to {most}; send so many.",
            "recordings",
        )


def _body(voice: VoiceRecord) -> VoiceBody:
    return VoiceBody.model_validate(voice)
