"""Jobs of the kind `train`: a trainer adapts the model to a voice, and makes a version."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import ParamSpec, Protocol

from mynah.errors import OptionError
from mynah.jobs.job import Job
from mynah.jobs.kind import JobContext
from mynah.jobs.report import JobReport, JobStopped
from mynah.training.trainer import (
    Stage,
    Stopped,
    Trainer,
    TrainingRecording,
    TrainingRequest,
    VersionFiles,
)


@dataclass(frozen=True, slots=True)
class TrainingParams:
    """A voice to be trained; the row of the job has it by the names of these fields.

    Attributes:
        recordings: ids.
        language: of their words.
        epochs, rank, stages, denoise: see `TrainingRequest`.
        parent: version whose weights the training goes on from; 1 is the base model.
        promote: true if the new version is to speak at once.
        left_out: recordings that are not learned from; the fields of `LeftOut` of each.
    """

    recordings: Sequence[str]
    language: str
    epochs: int | None
    rank: int | None
    stages: Sequence[Stage]
    parent: int
    promote: bool
    denoise: bool = False
    left_out: Sequence[Mapping[str, str]] = ()


_Args = ParamSpec("_Args")
TRAIN = "train"
RECORDINGS = "recordings"


@dataclass(frozen=True, slots=True)
class TrainingMaterial:
    """Files that a training begins with.

    Attributes:
        recordings: in the order of their ids.
        parent: folder of the weights to go on from; None is the base model itself.
    """

    recordings: Sequence[TrainingRecording]
    parent: Path | None


class TrainingVersions(Protocol):
    """Versions of voices, of which training reads one and makes another."""

    def material(self, job: Job, params: TrainingParams, into: Path) -> TrainingMaterial:
        """Write the recordings of a job into a folder, and find the weights of its parent.

        Raises:
            VoiceNotFoundError: the voice was deleted meanwhile.
            OSError: a file could not be read or written.
        """

    def publish(self, context: JobContext, params: TrainingParams, files: VersionFiles) -> None:
        """Make a version of what the trainer left, or leave nothing of it behind.

        Raises:
            VoiceNotFoundError: the voice was deleted meanwhile.
            LeaseLostError: the job is somebody else's.
            OSError: the files cannot be kept.
        """


@dataclass(frozen=True, slots=True, eq=False)
class TrainKind:
    """See `JobKind`.

    Attributes:
        trainer: its place, as `module:name`.
        model: folder of the base model; None is the starter.
        versions: of all voices.
    """

    trainer: str
    model: Path | None
    versions: TrainingVersions

    name = TRAIN
    title = "training"

    def run(self, context: JobContext) -> None:
        params = TrainingParams(**context.job.request)
        material = self.versions.material(context.job, params, context.folder / RECORDINGS)
        request = TrainingRequest(
            recordings=material.recordings,
            language=params.language,
            epochs=params.epochs,
            rank=params.rank,
            stages=params.stages,
            model=self.model,
            parent=material.parent,
            denoise=params.denoise,
        )
        trainer, report = find_trainer(self.trainer), _TrainerReport(context.report)
        try:
            files = trainer.train(context.folder, request, report, context.should_stop)
        except Stopped as stopped:
            raise JobStopped from stopped
        # From here on a wish to cancel comes too late.
        self.versions.publish(context, params, files)


class _TrainerReport:
    """See `mynah.training.trainer.Report`; trainers know nothing of jobs."""

    def __init__(self, report: JobReport) -> None:
        self.progress = _stopping(report.progress)
        self.message = _stopping(report.message)
        self.checkpoint = _stopping(report.checkpoint)


def _stopping(report: Callable[_Args, None]) -> Callable[_Args, None]:
    def reported(*args: _Args.args, **kwargs: _Args.kwargs) -> None:
        try:
            report(*args, **kwargs)
        except JobStopped as stopped:
            raise Stopped from stopped

    return reported


def find_trainer(where: str) -> Trainer:
    """The trainer at `module:name`, made anew.

    Raises:
        OptionError: there is none.
    """
    module, _, name = where.partition(":")
    try:
        made: Trainer = getattr(import_module(module), name)()
    except (ImportError, AttributeError, ValueError) as error:
        raise OptionError(
            f"There is no trainer {where!r:.80} ({error}); correct MYNAH_TRAINER."
        ) from None
    return made
