"""Where a voice is trained: from a job's row to a trainer, and from its files to a version."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from mynah.errors import OptionError, VoiceNotFoundError
from mynah.service.folders import Folders
from mynah.service.jobs.events import tell_of
from mynah.service.jobs.job import Job
from mynah.service.jobs.order import TrainingOrder
from mynah.service.jobs.report import JobReport
from mynah.service.recordings import key_of
from mynah.service.records import recordings
from mynah.service.storage import Storage
from mynah.service.versions.publishing import Commit, NewVersion, Publisher
from mynah.service.versions.version import Versions
from mynah.service.voices import Voices
from mynah.training.trainer import Trainer, TrainingRecording, TrainingRequest, VersionFiles

RECORDINGS = "recordings"


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRoom:
    """What training a voice takes.

    Attributes:
        trainer: where it is, as `module:name`.
        model: folder of the base model; None is the starter.
        least_similarity: below which a version does not speak at once.
        records: the database.
        voices, versions: of it.
        storage: where recordings are.
        folders: where weights are.
    """

    trainer: str
    model: Path | None
    least_similarity: float
    records: Engine
    voices: Voices
    versions: Versions
    storage: Storage
    folders: Folders

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
        doubt = self._doubt(files)
        new = NewVersion(
            voice_id=job.voice_id,
            job_id=job.id,
            attempt=attempt,
            base_model=self.versions.base_model,
            parent=order.parent,
            files=files,
            promote=order.promote and doubt is None,
        )

        def commit_with_doubt(write: Callable[[Connection], int]) -> None:
            def write_both(connection: Connection) -> int:
                if order.promote and doubt:
                    tell_of(connection, job.id, "message", text=doubt)
                return write(connection)

            commit(write_both)

        Publisher(self.folders, self.storage).publish(new, commit_with_doubt)

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
                path.write_bytes(self.storage.get(key_of(recording_id)))
            except (KeyError, FileNotFoundError):
                raise VoiceNotFoundError("The voice was deleted; make another.") from None
            found.append(TrainingRecording(path, row["text"], row["seconds"]))
        return found

    def _doubt(self, files: VersionFiles) -> str | None:
        """Why a version had better not speak at once."""
        after = files.metrics.get("similarity")
        before = files.metrics.get("similarity_before", self.least_similarity)
        bound = max(before, self.least_similarity)
        if after is None or after >= bound:
            return None
        return (
            f"The version is kept but does not speak yet: its similarity is {after:.3f}, "
            f"less than {bound:.3f}; listen to it, and promote it if you like it."
        )


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
