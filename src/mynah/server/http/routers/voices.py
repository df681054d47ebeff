"""`/v1/voices`: voices made from recordings."""

import io
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Annotated, Literal

from fastapi import File, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, Json, StringConstraints

from mynah.engine.request import VoiceEmbedding
from mynah.server.access.keys import Caller
from mynah.server.errors import RequestError
from mynah.server.http.admission import SpeakCaller, TrainCaller, admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.fields import EMPTY, JSON_TEXT, OwnVoiceInPath, UploadedFile, VoiceInPath
from mynah.server.http.middleware.idempotency import DESCRIBED
from mynah.server.http.ranges import blob_response
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.services import Services
from mynah.server.voices.access import VoiceAccess
from mynah.server.voices.fetch import fetch
from mynah.server.voices.resolver import VoiceSelection
from mynah.server.voices.sharing import Share
from mynah.server.voices.store import NewRecording, VoiceName, VoiceRecord
from mynah.server.voices.uploads import CONTENT_TYPE, admit, check_words
from mynah.training.prepare.denoising import Denoiser

router = admitting_router(prefix="/voices", tags=["voices"])

Url = Annotated[str, StringConstraints(max_length=2000)]
Words = Annotated[str, StringConstraints(max_length=2000), PLAIN]
Label = Annotated[str, StringConstraints(max_length=200), PLAIN]
Labels = Annotated[dict[Label, Label], Field(max_length=50)]


class VoiceForm(BaseModel):
    """A new voice."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: VoiceName = Field(examples=["ann"])
    """Unique among your voices; callers may use it in place of the id. Without slashes and control
    characters."""
    recordings: list[UploadedFile] = []
    """One person's clear speech. The first is the prompt: best 3 to 10 seconds of it."""
    recording_urls: list[Url] = []
    """URLs of further recordings, which follow the others; if the operator allows fetching."""
    text: list[Words] = []
    """The words of each recording, in their order. Without them only the timbre is taken."""
    language: PlainText = "auto"
    """Language of these words."""
    labels: Annotated[Json[Labels], JSON_TEXT] = {}
    """Metadata of the voice: a JSON object of strings."""
    consent: Words | None = EMPTY
    """The speaker's consent to be cloned, and where it is recorded."""


class VoiceChanges(BaseModel):
    """Changes of a voice; omitted fields stay."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"labels": {"mood": "calm"}}]}
    )
    name: VoiceName = ""
    labels: Labels = {}
    consent: Words | None = None


AccessName = Literal["speak", "manage", "own"]
ACCESS_NAMES: Mapping[VoiceAccess, AccessName] = {
    VoiceAccess.SPEAK: "speak",
    VoiceAccess.MANAGE: "manage",
    VoiceAccess.OWN: "own",
}


class ShareBody(BaseModel):
    """A share of a voice."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    owner: str
    """With whom; `*` is everybody."""
    access: AccessName

    @classmethod
    def of(cls, share: Share) -> "ShareBody":
        """The representation of a share."""
        return cls(owner=share.owner, access=ACCESS_NAMES[share.access])


class VoiceBody(BaseModel):
    """A voice."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    object: str = "voice"
    id: str
    name: str
    language: str
    labels: dict[str, str]
    consent: str | None
    """For who may manage the voice."""
    default_version: str
    created_at: int
    built_in: bool
    owner: str | None
    """None if it comes with Mynah."""
    access: AccessName
    """Yours: `speak`, `manage` as well, or `own`."""
    shares: list[ShareBody]
    """With whom it is shared, if it is yours."""


class VoiceEmbeddingBody(BaseModel):
    """A speaker embedding: compare two by their cosine."""

    object: str = "voice.embedding"
    voice: str
    encoder: str
    """The network that computed it; only embeddings of the same one can be compared."""
    embedding: list[float]


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
    form: Annotated[VoiceForm, File()], caller: TrainCaller, services: ServicesOf
) -> VoiceBody:
    """Create a voice from recordings; it can speak at once."""
    await run_in_threadpool(_check, form, services)
    fetched = [
        UploadFile(io.BytesIO(await fetch(url, services.fetch_rules)))
        for url in form.recording_urls
    ]
    return await run_in_threadpool(_create, caller, form, fetched, services)


@router.get("")
def list_voices(
    query: Annotated[PageQuery, Query()], caller: SpeakCaller, services: ServicesOf
) -> VoicePage:
    """List your voices, those that are shared with you and those that come with Mynah."""
    page = services.stores.voices.page(caller, query.after, query.limit)
    last = page.voices[-1].id if page.voices else None
    return VoicePage(data=voice_bodies(page.voices, services), has_more=page.more, last_id=last)


@router.get("/{voice}")
def get_voice(voice: VoiceInPath, caller: SpeakCaller, services: ServicesOf) -> VoiceBody:
    """Get a voice by its id or name."""
    return voice_body(services.stores.voices.get(caller, voice), services)


@router.patch("/{voice}", dependencies=[DESCRIBED])
def change_voice(
    voice: OwnVoiceInPath, changes: VoiceChanges, caller: TrainCaller, services: ServicesOf
) -> VoiceBody:
    """Change a voice's name, labels or consent."""
    given = changes.model_dump(exclude_unset=True)
    return voice_body(services.stores.voices.change(caller, voice, given), services)


@router.delete("/{voice}", dependencies=[DESCRIBED])
def delete_voice(voice: OwnVoiceInPath, caller: TrainCaller, services: ServicesOf) -> DeletedVoice:
    """Delete a voice and its recordings."""
    return DeletedVoice(id=services.stores.voices.delete(caller, voice).id)


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
    request: Request, voice: VoiceInPath, caller: SpeakCaller, services: ServicesOf
) -> Response:
    """Get the recording that a voice is made of."""
    return blob_response(request, services.stores.voices.preview(caller, voice), CONTENT_TYPE)


@router.get("/{voice}/embedding", response_model=VoiceEmbeddingBody)
async def get_embedding(voice: VoiceInPath, caller: SpeakCaller, services: ServicesOf) -> Response:
    """Get the speaker embedding of a voice, if the model has a speaker encoder."""
    record = await run_in_threadpool(services.stores.voices.disclosed, caller, voice)
    ref = await run_in_threadpool(services.resolver.resolve, caller, VoiceSelection(record.id))
    found = await services.engine.embed(ref)
    return await run_in_threadpool(_embedding, record, found)


def _embedding(voice: VoiceRecord, found: VoiceEmbedding) -> Response:
    """The response of twenty thousand numbers, which takes too long for the event loop."""
    values = [float(f"{value:.7g}") for value in found.values]
    body = VoiceEmbeddingBody(voice=voice.id, encoder=found.encoder, embedding=values)
    return Response(body.model_dump_json(), media_type="application/json")


def _create(
    caller: Caller, form: VoiceForm, fetched: Sequence[UploadFile], services: Services
) -> VoiceBody:
    clips = admit_all([*form.recordings, *fetched], form.text, services)
    voice = services.stores.voices.create(
        caller, form.name, clips, form.language, form.labels, form.consent
    )
    return voice_body(voice, services)


def _check(form: VoiceForm, services: Services) -> None:
    """Check now, not when the voice first speaks, that its words can be pronounced."""
    number = len(form.recordings) + len(form.recording_urls)
    _check_number(number, services)
    # A prompt is not split into sentences.
    check_words(form.text, number, form.language, split="cut0")


def admit_all(
    files: Sequence[UploadFile],
    texts: Sequence[str],
    services: Services,
    denoiser: Denoiser | None = None,
) -> list[NewRecording]:
    """Check the recordings of a voice, each with its words if they are known.

    A denoiser, if one is given, takes the noise out of them.

    Raises:
        RequestError: there are too many, or none.
        RecordingError: one is not within the rules, or no clear speech.
    """
    _check_number(len(files), services)
    limit = services.upload_rules.bytes + 1
    return [
        NewRecording(admit(file.file.read(limit), services.upload_rules, denoiser), text or None)
        for file, text in zip_longest(files, texts)
    ]


def _check_number(recordings: int, services: Services) -> None:
    most = services.settings.upload_recordings
    if not 1 <= recordings <= most:
        raise RequestError(
            f"There are {recordings} recordings, and a voice has 1 to {most}; send so many.",
            "recordings",
        )


def voice_body(voice: VoiceRecord, services: Services) -> VoiceBody:
    """The representation of a voice for the caller who asked for it."""
    (body,) = voice_bodies([voice], services)
    return body


def voice_bodies(voices: Sequence[VoiceRecord], services: Services) -> list[VoiceBody]:
    """The representations of voices; only who owns one sees with whom it is shared."""
    owned = [voice.id for voice in voices if voice.access is VoiceAccess.OWN]
    shares = services.stores.sharing.of(owned) if owned else {}
    return [
        VoiceBody(
            id=voice.id,
            name=voice.name,
            language=voice.language,
            labels=dict(voice.labels),
            consent=voice.consent,
            default_version=voice.default_version,
            created_at=voice.created_at,
            built_in=voice.built_in,
            owner=voice.owner,
            access=ACCESS_NAMES[voice.access],
            shares=[ShareBody.of(each) for each in shares.get(voice.id, ())],
        )
        for voice in voices
    ]
