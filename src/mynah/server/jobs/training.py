"""Training service: a check of the recordings, and a job."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from mynah.errors import RecordingError, VoiceNotFoundError
from mynah.jobs.events import record_event
from mynah.jobs.job import Job
from mynah.jobs.kinds.train import TRAIN, TrainingParams
from mynah.jobs.report import LONGEST_MESSAGE
from mynah.server.access.keys import Caller
from mynah.server.jobs.dataset import Dataset, own_recordings
from mynah.server.jobs.service import JobService
from mynah.server.voices.recordings import (
    StoredRecording,
    forget_recordings,
    insert_recordings,
    keep_recordings,
    recordings_of,
)
from mynah.server.voices.store import (
    FIRST_VERSION,
    NewVoice,
    VoiceRecord,
    VoiceStore,
    insert_voice,
)
from mynah.storage.blobs import BlobStore
from mynah.training.left_out import LeftOut, remark_on


@dataclass(frozen=True, slots=True)
class TrainingRules:
    """Bounds of the training data of a voice.

    Attributes:
        shortest: seconds, of all recordings together.
        longest: seconds.
    """

    shortest: float
    longest: float

    def check(self, seconds: float, left_out: Sequence[LeftOut] = ()) -> None:
        """Refuse too little or too much; the message says what was left out before.

        Raises:
            RecordingError: it says how much there is.
        """
        if not self.shortest <= seconds <= self.longest:
            wrong = "only " if seconds < self.shortest else ""
            raise RecordingError(
                f"There are {wrong}{seconds:.0f} s of speech; training takes "
                f"{self.shortest:g} to {self.longest:g} s in total."
                + (f" {remark_on(left_out)}" if left_out else "")
            )


class TrainingService:
    """Submits training jobs.

    Args:
        records: the database.
        storage: of recordings.
        voices: of the database.
        jobs: of the database.
        rules: limits of speech.
        prompts: most recordings that a new voice speaks from.
    """

    def __init__(
        self,
        records: Engine,
        storage: BlobStore,
        voices: VoiceStore,
        jobs: JobService,
        rules: TrainingRules,
        prompts: int,
    ) -> None:
        self._records = records
        self._storage = storage
        self._voices = voices
        self._jobs = jobs
        self.rules = rules
        self._prompts = prompts

    def submit(
        self,
        caller: Caller,
        voice: VoiceRecord,
        params: TrainingParams,
        data: Dataset,
        own: bool,
        callback_url: str | None,
    ) -> Job:
        """Submit a job.

        Args:
            caller: its owner.
            voice: to train.
            params: without recordings.
            data: recordings of the request.
            own: true to train on the voice's own recordings, too.
            callback_url: for the webhook at its end.

        Raises:
            RecordingError: there is too little speech, or too much.
            JobLimitError: the caller has too many jobs.
            VoiceNotFoundError: the voice was deleted meanwhile.
        """
        there = self._own(voice) if own else {}
        self.rules.check(sum(there.values()) + data.seconds, data.left_out)
        sent = [each.stored() for each in data.clips]
        params = _with(params, [*there, *(each.id for each in sent)], data)

        def write(connection: Connection) -> str:
            job_id = self._add(connection, caller, voice, params, callback_url)
            try:
                insert_recordings(connection, voice.id, job_id, sent)
            except IntegrityError:
                raise VoiceNotFoundError("The voice was deleted; make another.") from None
            return job_id

        return self._kept(caller, sent, write)

    def create(
        self,
        caller: Caller,
        new: NewVoice,
        params: TrainingParams,
        data: Dataset,
        callback_url: str | None,
    ) -> Job:
        """Create a voice and submit the job that trains it: both or neither.

        Args:
            caller: their owner.
            new: the voice; it speaks at once, from the best recordings.
            params: without recordings.
            data: recordings of the request.
            callback_url: for the webhook at the job's end.

        Raises:
            RecordingError: there is too little speech or too much, or no clip to speak from.
            JobLimitError: the caller has too many jobs.
            VoiceExistsError: the name is taken.
        """
        self.rules.check(data.seconds, data.left_out)
        voice = self._voices.draft(caller, new)
        stored = {id(each): each.stored() for each in data.clips}
        own = [stored[id(each)] for each in own_recordings(data.clips, self._prompts)]
        others = [each for each in stored.values() if each not in own]
        params = _with(params, [each.id for each in stored.values()], data)

        def write(connection: Connection) -> str:
            job_id = self._add(connection, caller, voice, params, callback_url)
            insert_voice(connection, voice, own)
            insert_recordings(connection, voice.id, job_id, others)
            return job_id

        return self._kept(caller, list(stored.values()), write)

    def _own(self, voice: VoiceRecord) -> dict[str, float]:
        with self._records.connect() as connection:
            rows = recordings_of(connection, voice.id, FIRST_VERSION)
        return {row["id"]: row["seconds"] for row in rows}

    def _add(
        self,
        connection: Connection,
        caller: Caller,
        voice: VoiceRecord,
        params: TrainingParams,
        callback_url: str | None,
    ) -> str:
        job_id = self._jobs.add(connection, caller, TRAIN, voice.id, asdict(params), callback_url)
        if params.left_out:
            left_out = [LeftOut(**each) for each in params.left_out]
            record_event(connection, job_id, "message", text=remark_on(left_out)[:LONGEST_MESSAGE])
        return job_id

    def _kept(
        self,
        caller: Caller,
        sent: Sequence[StoredRecording],
        write: Callable[[Connection], str],
    ) -> Job:
        """Keep files and rows, or nothing of either."""
        try:
            keep_recordings(self._storage, sent)
            with self._records.begin() as connection:
                job_id = write(connection)
        except BaseException:
            forget_recordings(self._storage, [each.id for each in sent])
            raise
        return self._jobs.get(caller, job_id)


def _with(params: TrainingParams, recordings: Sequence[str], data: Dataset) -> TrainingParams:
    left_out = [asdict(each) for each in data.left_out]
    return replace(params, recordings=recordings, left_out=left_out)
