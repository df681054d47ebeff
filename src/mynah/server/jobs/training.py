"""Training service: a check of the recordings, and a job."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from mynah.errors import RecordingError, VoiceNotFoundError
from mynah.jobs.job import Job
from mynah.jobs.kinds.train import TRAIN, TrainingParams
from mynah.server.access.keys import Caller
from mynah.server.jobs.service import JobService
from mynah.server.voices.recordings import (
    StoredRecording,
    forget_recordings,
    insert_recordings,
    keep_recordings,
    recordings_of,
)
from mynah.server.voices.store import FIRST_VERSION, NewRecording, VoiceRecord
from mynah.storage.blobs import BlobStore
from mynah.storage.database import new_id


@dataclass(frozen=True, slots=True)
class TrainingRules:
    """Bounds of the training data of a voice.

    Attributes:
        shortest: seconds, of all recordings together.
        longest: seconds.
    """

    shortest: float
    longest: float

    def check(self, seconds: float) -> None:
        """Refuse too little or too much.

        Raises:
            RecordingError: it says how much there is.
        """
        if not self.shortest <= seconds <= self.longest:
            wrong = "only " if seconds < self.shortest else ""
            raise RecordingError(
                f"There are {wrong}{seconds:.0f} s of speech; training takes "
                f"{self.shortest:g} to {self.longest:g} s in total."
            )


class TrainingService:
    """Submits training jobs.

    Args:
        records: the database.
        storage: of recordings.
        jobs: of the database.
        rules: limits of speech.
    """

    def __init__(
        self, records: Engine, storage: BlobStore, jobs: JobService, rules: TrainingRules
    ) -> None:
        self._records = records
        self._storage = storage
        self._jobs = jobs
        self.rules = rules

    def submit(
        self,
        caller: Caller,
        voice: VoiceRecord,
        params: TrainingParams,
        clips: Sequence[NewRecording],
        own: bool,
        callback_url: str | None,
    ) -> Job:
        """Submit a job.

        Args:
            caller: its owner.
            voice: to train.
            params: without recordings.
            clips: recordings of the request.
            own: true to train on the voice's own recordings, too.
            callback_url: for the webhook at its end.

        Raises:
            RecordingError: there is too little speech, or too much.
            JobLimitError: the caller has too many jobs.
            VoiceNotFoundError: the voice was deleted meanwhile.
        """
        sent = [
            StoredRecording(new_id("recording"), each.clip.flac, each.text, each.clip.seconds)
            for each in clips
        ]
        there = self._own(voice) if own else {}
        self.rules.check(sum(there.values()) + sum(each.seconds for each in sent))
        params = replace(params, recordings=[*there, *(each.id for each in sent)])
        try:
            keep_recordings(self._storage, sent)
            job_id = self._write(caller, voice, params, sent, callback_url)
        except BaseException:
            forget_recordings(self._storage, [each.id for each in sent])
            raise
        return self._jobs.get(caller, job_id)

    def _own(self, voice: VoiceRecord) -> dict[str, float]:
        with self._records.connect() as connection:
            rows = recordings_of(connection, voice.id, FIRST_VERSION)
        return {row["id"]: row["seconds"] for row in rows}

    def _write(
        self,
        caller: Caller,
        voice: VoiceRecord,
        params: TrainingParams,
        sent: Sequence[StoredRecording],
        callback_url: str | None,
    ) -> str:
        try:
            with self._records.begin() as connection:
                job_id = self._jobs.add(
                    connection, caller, TRAIN, voice.id, asdict(params), callback_url
                )
                insert_recordings(connection, voice.id, job_id, sent)
        except IntegrityError:
            raise VoiceNotFoundError("The voice was deleted; make another.") from None
        return job_id
