"""What a caller wants trained, as the row of its job has it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, select

from mynah.errors import OptionError, VoiceNotFoundError
from mynah.jobs.events import record_event
from mynah.jobs.job import Job
from mynah.jobs.report import JobReport
from mynah.server.versions.promotion import PromotionRules
from mynah.server.versions.publishing import Commit, NewVersion, Publisher
from mynah.server.versions.store import VersionStore
from mynah.server.voices.recordings import recording_key
from mynah.server.voices.store import VoiceStore
from mynah.storage.blobs import BlobStore, WeightStore
from mynah.storage.tables import recordings
from mynah.training.trainer import Stage, Trainer, TrainingRecording, TrainingRequest, VersionFiles


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """A voice to be trained.

    Attributes:
        recordings: ids.
        language: of their words.
        epochs, rank, stages, denoise: see `TrainingRequest`.
        parent: version whose weights the training goes on from; 1 is the base model.
        promote: whether the new version is to speak at once.
    """

    recordings: Sequence[str]
    language: str
    epochs: int | None
    rank: int | None
    stages: Sequence[Stage]
    parent: int
    promote: bool
    denoise: bool = False

    def row(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """What `row` wrote."""
        return cls(**row)


RECORDINGS = "recordings"
OBJECTIONS = "objections"
"""In a version's report: reasons not to promote it, a sentence each."""
KEPT = "The version is kept, not promoted."


@dataclass(frozen=True, slots=True, eq=False)
class TrainKind:
    """What training a voice takes.

    Attributes:
        trainer: where it is, as `module:name`.
        model: folder of the base model; None is the starter.
        promotion: rules by which a version may speak at once.
        records: the database.
        voices, versions: of it.
        storage: where recordings are.
        folders: where weights are.
    """

    trainer: str
    model: Path | None
    promotion: PromotionRules
    records: Engine
    voices: VoiceStore
    versions: VersionStore
    storage: BlobStore
    folders: WeightStore

    def train(
        self, job: Job, folder: Path, report: JobReport, should_stop: Callable[[], bool]
    ) -> VersionFiles:
        """Has a voice trained.

        Raises:
            Stopped: it was told to stop.
            MynahError: the recordings are not good enough, or there is no such voice any more.
            OSError: a file could not be read or written.
        """
        order = TrainingOrder.of(job.request)
        voice = self.voices.get(job.voice_id)
        parent = self.versions.get(voice, order.parent)
        request = TrainingRequest(
            recordings=self._recordings(order, folder / RECORDINGS),
            language=order.language,
            epochs=order.epochs,
            rank=order.rank,
            stages=order.stages,
            model=self.model,
            parent=self.folders.path(parent.weights) if parent.weights else None,
            denoise=order.denoise,
        )
        return find_trainer(self.trainer).train(folder, request, report, should_stop)

    def publish(
        self,
        job: Job,
        attempt: int,
        files: VersionFiles,
        commit: Commit,
    ) -> None:
        """Makes a version of what the trainer left.

        Raises:
            VoiceNotFoundError: the voice was deleted meanwhile.
            LeaseLostError: the job is somebody else's.
            OSError: the files cannot be kept.
        """
        order = TrainingOrder.of(job.request)
        objections = self.promotion.objections(files.evaluation)
        new = NewVersion(
            voice_id=job.voice_id,
            job_id=job.id,
            attempt=attempt,
            base_model=self.versions.base_model,
            parent=order.parent,
            files=replace(files, report={**files.report, OBJECTIONS: objections}),
            promote=order.promote and not objections,
        )

        def commit_with_message(write: Callable[[Connection], int]) -> None:
            def write_both(connection: Connection) -> int:
                if order.promote and objections:
                    record_event(connection, job.id, "message", text=_kept(objections))
                return write(connection)

            commit(write_both)

        Publisher(self.folders, self.storage).publish(new, commit_with_message)

    def _recordings(self, order: TrainingOrder, folder: Path) -> list[TrainingRecording]:
        query = select(recordings).where(recordings.c.id.in_(order.recordings))
        with self.records.connect() as connection:
            rows = {row["id"]: row for row in connection.execute(query).mappings()}
        folder.mkdir(exist_ok=True)
        found = []
        for number, recording_id in enumerate(order.recordings):
            path = folder / f"{number:02}.flac"
            try:
                row = rows[recording_id]
                path.write_bytes(self.storage.get(recording_key(recording_id)))
            except (KeyError, FileNotFoundError):
                raise VoiceNotFoundError("The voice was deleted; make another.") from None
            found.append(TrainingRecording(path, row["text"], row["seconds"]))
        return found


def _kept(objections: Sequence[str]) -> str:
    """Message on a version that is not promoted."""
    return f"{KEPT} {' '.join(objections)} Listen to it, and promote it if you like it."


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
