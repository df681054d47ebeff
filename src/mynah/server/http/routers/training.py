"""`POST /v1/voices/{voice}/train`: fine-tune a voice on a minute of speech."""

from typing import Annotated

from fastapi import File, UploadFile
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mynah.errors import UnsupportedError
from mynah.jobs.kinds.train import TrainingParams
from mynah.server.access.keys import Caller
from mynah.server.app import Services
from mynah.server.http.admission import TrainCaller, admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.middleware.idempotency import DESCRIBED
from mynah.server.http.routers.jobs import JobDetails, job_details
from mynah.server.http.routers.voices import admit_all
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.voices.uploads import check_words
from mynah.server.webhooks.sender import parsed
from mynah.training.trainer import Stage

router = admitting_router(prefix="/voices", tags=["training"])

Words = Annotated[str, StringConstraints(max_length=10_000), PLAIN]


class TrainingForm(BaseModel):
    """Data and options of a training."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    recordings: list[UploadFile] = []
    """One person's clear speech, 1 to 5 minutes in total with the voice's own recordings."""
    own_recordings: bool = True
    """Learn from the voice's own recordings, too."""
    text: list[Words] = []
    """The words of each recording, in their order, if they are known."""
    language: PlainText = "auto"
    """Language of these words."""
    epochs: int | None = Field(default=None, ge=1, le=1000)
    """Passes over the recordings; best left to the trainer."""
    rank: int | None = Field(default=None, ge=0, le=256)
    """Rank of the adapters, 0 for whole networks; best left to the trainer."""
    stages: list[Stage] = Field(default=["acoustic", "semantic"], min_length=1)
    """Networks that learn: `acoustic` the sound, `semantic` the manner of speaking."""
    parent: int = Field(default=1, ge=1, lt=1 << 31)
    """Version whose weights the training starts from; 1 is the base model."""
    denoise: bool = False
    """Reduce noise in the recordings first, where the extra `denoise` is installed."""
    promote: bool = True
    """Make the new version the default when it is ready, if it is no less like the speaker."""
    callback_url: str | None = None
    """Webhook for the job's end, signed with the secret of `POST /v1/webhooks/secret`."""


@router.post("/{voice}/train", status_code=202, dependencies=[DESCRIBED])
def train_voice(
    voice: PlainText,
    form: Annotated[TrainingForm, File()],
    caller: TrainCaller,
    services: ServicesOf,
) -> JobDetails:
    """Train a voice on a minute of speech; meanwhile it speaks as before."""
    _check(form, caller, services)
    record = services.stores.voices.managed(caller, voice)
    services.stores.versions.get(record, form.parent)
    clips = admit_all(form.recordings, form.text, services) if form.recordings else []
    params = TrainingParams(
        recordings=(),
        language=form.language,
        epochs=form.epochs,
        rank=form.rank,
        stages=tuple(dict.fromkeys(form.stages)),
        parent=form.parent,
        promote=form.promote,
        denoise=form.denoise,
    )
    job = services.stores.training.submit(
        caller, record, params, clips, form.own_recordings, form.callback_url
    )
    return job_details(job, services)


def _check(form: TrainingForm, caller: Caller, services: Services) -> None:
    """Refuse an invalid form before anything is decoded."""
    if not services.settings.trainer:
        raise UnsupportedError("This server cannot train; have its operator set MYNAH_TRAINER.")
    services.stores.jobs.check_room(caller)
    check_words(form.text, len(form.recordings), form.language)
    if form.callback_url is not None:
        parsed(form.callback_url)
        services.webhook_secrets.of(caller.id)
