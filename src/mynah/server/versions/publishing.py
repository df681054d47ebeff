"""Publishing of a trained version: files first, then all rows in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import IntegrityError

from mynah.errors import MynahError, VoiceNotFoundError
from mynah.jobs.events import record_event
from mynah.jobs.job import Job
from mynah.jobs.kind import JobContext
from mynah.jobs.kinds.train import TrainingMaterial, TrainingParams
from mynah.jobs.leases import LeaseLostError
from mynah.server.versions.promotion import PromotionRules
from mynah.server.versions.rollout import promote_in
from mynah.server.versions.store import VersionStore, add_version
from mynah.server.voices.recordings import (
    StoredRecording,
    forget_recordings,
    insert_recordings,
    keep_recordings,
    recording_key,
)
from mynah.server.voices.row_lock import hold_voice
from mynah.server.voices.store import VoiceStore
from mynah.storage.blobs import BlobStore, WeightStore
from mynah.storage.database import new_id
from mynah.storage.tables import recordings
from mynah.training.left_out import LEFT_OUT
from mynah.training.trainer import TrainingRecording, VersionFiles

OBJECTIONS = "objections"
"""In a version's report: reasons not to promote it, a sentence each."""
KEPT = "The version is kept, not promoted."
_DELETED = "The voice was deleted; make another."


@dataclass(frozen=True, slots=True, eq=False)
class Publisher:
    """Publisher of trained versions; see `TrainingVersions`.

    Attributes:
        records: the database.
        voices, versions: of it.
        blobs: store of recordings.
        weights: store of versions' weights.
        promotion: rules of the promotion gate.
    """

    records: Engine
    voices: VoiceStore
    versions: VersionStore
    blobs: BlobStore
    weights: WeightStore
    promotion: PromotionRules

    def material(self, job: Job, params: TrainingParams, into: Path) -> TrainingMaterial:
        parent = self.versions.get(self.voices.by_id(job.voice_id), params.parent)
        into.mkdir(exist_ok=True)
        return TrainingMaterial(
            self._recordings(params.recordings, into),
            self.weights.path(parent.weights) if parent.weights else None,
        )

    def publish(self, context: JobContext, params: TrainingParams, files: VersionFiles) -> None:
        job, objections = context.job, self.promotion.objections(files.evaluation)
        left_out = [*params.left_out, *files.report.get(LEFT_OUT, ())]
        told = {LEFT_OUT: left_out, OBJECTIONS: objections}
        files = replace(files, report={**files.report, **told})
        prompts = [
            StoredRecording(new_id("recording"), each.path.read_bytes(), each.text, each.seconds)
            for each in files.prompts
        ]
        # No row names what an attempt before this one left, or there would have been no further
        # attempt. A later one may have published already, while whoever makes this one slept.
        for fence in range(1, context.fence):
            self.weights.delete(_weights_key(job, fence))
        key = _weights_key(job, context.fence) if files.weights else ""

        def write(connection: Connection) -> int:
            number = self._write(connection, job, params, files, key)
            insert_recordings(connection, job.voice_id, str(number), prompts)
            return number

        try:
            if key:
                self.weights.put(key, files.weights)
            keep_recordings(self.blobs, prompts)
            context.commit(write)
        except (OSError, MynahError, LeaseLostError):
            if key:
                self.weights.delete(key)
            forget_recordings(self.blobs, [prompt.id for prompt in prompts])
            raise
        # Any other error may come after the rows were written: the files stay.

    def _recordings(self, ids: Sequence[str], into: Path) -> list[TrainingRecording]:
        query = select(recordings).where(recordings.c.id.in_(ids))
        with self.records.connect() as connection:
            rows = {row["id"]: row for row in connection.execute(query).mappings()}
        found = []
        for number, recording_id in enumerate(ids):
            path = into / f"{number:02}.flac"
            try:
                row = rows[recording_id]
                path.write_bytes(self.blobs.get(recording_key(recording_id)))
            except (KeyError, FileNotFoundError):
                raise VoiceNotFoundError(_DELETED) from None
            found.append(TrainingRecording(path, row["text"], row["seconds"]))
        return found

    def _write(
        self,
        connection: Connection,
        job: Job,
        params: TrainingParams,
        files: VersionFiles,
        weights: str,
    ) -> int:
        hold_voice(connection, job.voice_id)
        try:
            number = add_version(
                connection,
                job.voice_id,
                job_id=job.id,
                weights=weights,
                base_model=self.versions.base_model,
                parent=params.parent,
                report=dict(files.report),
                metrics=files.all_metrics(),
            )
        except IntegrityError:
            raise VoiceNotFoundError(_DELETED) from None
        objections = files.report[OBJECTIONS]
        if params.promote and objections:
            record_event(connection, job.id, "message", text=_kept(objections))
        elif params.promote:
            promote_in(connection, job.voice_id, number)
        return number


def _weights_key(job: Job, fence: int) -> str:
    return f"{job.voice_id}/{job.id}/{fence}"


def _kept(objections: Sequence[str]) -> str:
    """Message on a version that is not promoted."""
    return f"{KEPT} {' '.join(objections)} Listen to it, and promote it if you like it."
