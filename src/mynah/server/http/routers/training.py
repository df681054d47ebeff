"""`POST /v1/voices/{voice}/train`: fine-tune a voice on a minute of speech."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import Annotated

from fastapi import APIRouter, File
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Json,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from mynah.config import MEBIBYTE
from mynah.errors import UnsupportedError
from mynah.jobs.kinds.train import TrainingParams
from mynah.server.access.keys import Caller
from mynah.server.errors import RequestError
from mynah.server.http.admission import DatasetRoute, TrainCaller
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.fields import EMPTY, EMPTY_TEXT, OptionalFile, OwnVoiceInPath, UploadedFile
from mynah.server.http.middleware.idempotency import DESCRIBED
from mynah.server.http.routers.jobs import JobDetails, job_details
from mynah.server.http.routers.voices import Labels
from mynah.server.http.routers.voices import Words as ConsentWords
from mynah.server.jobs.clips import ClipSource, admit_dataset, listed_sources
from mynah.server.jobs.dataset import Dataset
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.services import Services
from mynah.server.voices.store import NewVoice, VoiceName
from mynah.server.voices.uploads import check_words
from mynah.server.webhooks.sender import parsed
from mynah.training.clip_list import file_name, read_clip_list
from mynah.training.left_out import LeftOut
from mynah.training.trainer import Stage

router = APIRouter(route_class=DatasetRoute, prefix="/voices", tags=["training"])

Words = Annotated[str, StringConstraints(max_length=10_000), PLAIN]
_LIST_BYTES = 4 * MEBIBYTE


class TrainingForm(BaseModel):
    """Data and options of a training."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    recordings: list[UploadedFile] = []
    """One person's clear speech, a minute or more in total with the voice's own recordings: a few
    recordings, or hundreds of clips from 0.6 s on. What cannot be used is left out and named."""
    own_recordings: bool = True
    """Learn from the voice's own recordings, too."""
    text: list[Words] = []
    """The words of each recording, in their order, if they are known."""
    transcripts: OptionalFile = None
    """The words in place of `text`: a list as GPT-SoVITS's tools write it, with a line
    `path|speaker|language|text` for each recording, which is found by the name of its file.
    Recordings that are not in it are left out."""
    language: PlainText = "auto"
    """Language of these words; `auto` takes that of the list."""
    create: bool = False
    """Make the voice, of the name in the path, from these recordings; it speaks at once."""
    labels: Annotated[Json[Labels], EMPTY_TEXT] = {}
    """Metadata of a new voice: a JSON object of strings."""
    consent: ConsentWords | None = EMPTY
    """The consent of the speaker of a new voice to be cloned, and where it is recorded."""
    epochs: int | None = Field(default=None, ge=1, le=1000, examples=[""])
    """Passes over the recordings; best left to the trainer."""
    rank: int | None = Field(default=None, ge=0, le=256, examples=[""])
    """Rank of the adapters, 0 for whole networks; best left to the trainer."""
    stages: list[Stage] = Field(default=["acoustic", "semantic"], min_length=1)
    """Networks that learn: `acoustic` the sound, `semantic` the manner of speaking."""
    parent: int = Field(default=1, ge=1, lt=1 << 31)
    """Version whose weights the training starts from; 1 is the base model."""
    denoise: bool = False
    """Reduce noise in the recordings first, where the extra `denoise` is installed."""
    promote: bool = True
    """Make the new version the default when it is ready, if it is no less like the speaker."""
    callback_url: str | None = EMPTY
    """Webhook for the job's end, signed with the secret of `POST /v1/webhooks/secret`."""


@router.post("/{voice}/train", status_code=202, dependencies=[DESCRIBED])
def train_voice(
    voice: OwnVoiceInPath,
    form: Annotated[TrainingForm, File()],
    caller: TrainCaller,
    services: ServicesOf,
) -> JobDetails:
    """Train a voice on a minute of speech; meanwhile it speaks as before."""
    made = services.stores.jobs.made_before(caller)
    if made is not None:
        return job_details(made, services)
    _check(form, caller, services)
    record = None if form.create else services.stores.voices.managed(caller, voice)
    if record is not None:
        services.stores.versions.get(record, form.parent)
    name = "" if record is not None else _new_name(voice)
    language, data = _dataset(form, services)
    params = TrainingParams(
        recordings=(),
        language=language,
        epochs=form.epochs,
        rank=form.rank,
        stages=tuple(dict.fromkeys(form.stages)),
        parent=form.parent,
        promote=form.promote,
        denoise=form.denoise,
    )
    training, url = services.stores.training, form.callback_url
    if record is None:
        new = NewVoice(name, language, form.labels, form.consent)
        job = training.create(caller, new, params, data, url)
    else:
        job = training.submit(caller, record, params, data, form.own_recordings, url)
    return job_details(job, services)


def _check(form: TrainingForm, caller: Caller, services: Services) -> None:
    """Refuse an invalid form before anything is decoded."""
    if not services.settings.trainer:
        raise UnsupportedError("This server cannot train; have its operator set MYNAH_TRAINER.")
    services.stores.jobs.check_room(caller)
    most = services.settings.train_recordings
    if len(form.recordings) > most:
        raise RequestError(
            f"There are {len(form.recordings)} recordings, and a training has at most {most}.",
            "recordings",
        )
    check_words(form.text, len(form.recordings), form.language)
    if form.text and form.transcripts is not None:
        raise RequestError("There are both text and transcripts; send one of them.", "transcripts")
    if form.create:
        _check_new(form)
    elif given := form.model_fields_set & {"labels", "consent"}:
        field = min(given)
        raise RequestError(f"{field} is of a new voice; set create, or leave it out.", field)
    if form.callback_url is not None:
        parsed(form.callback_url)
        services.webhook_secrets.of(caller.id)


def _check_new(form: TrainingForm) -> None:
    if not form.recordings:
        raise RequestError("A new voice needs recordings; send some.", "recordings")
    if form.parent != 1:
        raise RequestError("A new voice has no earlier version; leave parent out.", "parent")


def _new_name(given: str) -> str:
    try:
        return TypeAdapter[str](VoiceName).validate_python(given)
    except ValidationError:
        raise RequestError(
            "A voice's name has 1 to 100 characters, none of them a slash or a control "
            "character; choose another.",
            "voice",
        ) from None


def _dataset(form: TrainingForm, services: Services) -> tuple[str, Dataset]:
    """The language of the recordings, and those that can be learned from.

    Raises:
        OptionError: the list of transcripts cannot be read.
        RecordingError: no recording can be used, or there is too much speech.
    """
    settings, language = services.settings, form.language
    sources = list(_sources(form, services.upload_rules.bytes + 1))
    left_out: Sequence[LeftOut] = ()
    if form.transcripts is not None:
        rows = form.transcripts.file.read(_LIST_BYTES)
        listed = read_clip_list(rows, settings.train_recordings, language)
        sources, left_out = listed_sources(listed, sources, "It is in the list and was not sent.")
        language = listed.language
    longest = settings.train_longest_seconds
    return language, admit_dataset(sources, services.upload_rules, longest, left_out)


def _sources(form: TrainingForm, limit: int) -> Iterator[ClipSource]:
    for number, (file, text) in enumerate(zip_longest(form.recordings, form.text), 1):
        name = file_name(file.filename or "") or f"recording {number}"
        yield ClipSource(name, text, partial(file.file.read, limit))
