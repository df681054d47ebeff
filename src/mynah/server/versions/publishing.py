"""From what training leaves to a version that can speak: files first, then every row at once."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from mynah.errors import MynahError, VoiceNotFoundError
from mynah.jobs.leases import LeaseLostError
from mynah.server.versions.rollout import hold_voice, promote_in
from mynah.server.versions.store import add_version
from mynah.server.voices.recordings import (
    StoredRecording,
    forget_recordings,
    insert_recordings,
    keep_recordings,
)
from mynah.storage.blobs import BlobStore, WeightStore
from mynah.storage.database import new_id
from mynah.training.trainer import VersionFiles

Commit = Callable[[Callable[[Connection], int]], None]


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version that is to be.

    Attributes:
        voice_id: whose.
        job_id: of the training.
        attempt: number of the attempt that made it.
        base_model: name of the model that was trained further.
        parent: the version from which the training started.
        files: what it consists of.
        promote: whether it is to speak at once.
    """

    voice_id: str
    job_id: str
    attempt: int
    base_model: str
    parent: int
    files: VersionFiles
    promote: bool

    @property
    def place(self) -> str:
        """Where all attempts of the job put what they made."""
        return f"{self.voice_id}/{self.job_id}"

    @property
    def key(self) -> str:
        """Where this attempt does."""
        return f"{self.place}/{self.attempt}"


class Publisher:
    """Makes versions.

    Args:
        folders: where weights are kept.
        storage: where prompts are kept.
    """

    def __init__(self, folders: WeightStore, storage: BlobStore) -> None:
        self._folders = folders
        self._storage = storage

    def publish(self, new: NewVersion, commit: Commit) -> None:
        """Makes a version, or leaves nothing of it behind.

        Args:
            new: the version.
            commit: runs what writes its rows, and gives its number, in a transaction of the
                job's.

        Raises:
            VoiceNotFoundError: the voice was deleted meanwhile.
            LeaseLostError: the job is somebody else's.
            OSError: the files cannot be kept.
        """
        prompts = [
            StoredRecording(new_id("recording"), each.path.read_bytes(), each.text, each.seconds)
            for each in new.files.prompts
        ]
        self._forget_earlier(new)
        try:
            if new.files.weights:
                self._folders.put(new.key, new.files.weights)
            keep_recordings(self._storage, prompts)
            commit(lambda connection: _write(connection, new, prompts))
        except (OSError, MynahError, LeaseLostError):
            self._folders.delete(new.key)
            forget_recordings(self._storage, [prompt.id for prompt in prompts])
            raise
        # Any other error may come after the rows were written: the files stay.

    def _forget_earlier(self, new: NewVersion) -> None:
        # No row names what an attempt before this one left, or there would have been no further
        # attempt. A later one may have published already, while whoever makes this one slept.
        for attempt in range(1, new.attempt):
            self._folders.delete(f"{new.place}/{attempt}")


def _write(connection: Connection, new: NewVersion, prompts: list[StoredRecording]) -> int:
    hold_voice(connection, new.voice_id)
    try:
        number = add_version(
            connection,
            new.voice_id,
            job_id=new.job_id,
            weights=new.key if new.files.weights else "",
            base_model=new.base_model,
            parent=new.parent,
            report=dict(new.files.report),
            metrics=new.files.all_metrics(),
        )
    except IntegrityError:
        raise VoiceNotFoundError("The voice was deleted; make another.") from None
    insert_recordings(connection, new.voice_id, str(number), prompts)
    if new.promote:
        promote_in(connection, new.voice_id, number)
    return number
