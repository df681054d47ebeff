"""A folder for each attempt at a job, so that an attempt that was taken for dead harms no other.

`jobs/<id>/<fence>` belongs to the attempt whose lease has that fencing number. A new attempt begins
with a copy of the one that the job's row names, and when it has that on its row the older ones go.
"""

import contextlib
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from sqlalchemy import ColumnElement, Engine, and_, delete, or_

from mynah.runtime.files import fsync_tree
from mynah.storage.claims import claim
from mynah.storage.database import now
from mynah.storage.tables import job_events, jobs

PART = ".part"


class JobFolders:
    """The folders of jobs.

    Args:
        root: made if it does not exist.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def begin(self, job_id: str, fence: int, checkpoint: int | None) -> Path:
        """Make the folder of a new attempt, with the files of an earlier one.

        Args:
            job_id: of the job.
            fence: of the attempt's lease.
            checkpoint: fence of the attempt to continue, if there is one.

        Raises:
            OSError: it cannot be written.
        """
        folder = self._root / job_id / str(fence)
        part = folder.with_name(folder.name + PART)
        earlier = folder.with_name(str(checkpoint))
        part.parent.mkdir(parents=True, exist_ok=True)
        if checkpoint is not None and earlier.is_dir():
            shutil.copytree(earlier, part, copy_function=_copy)
        else:
            part.mkdir()
        part.replace(folder)
        return folder

    def settle(self, job_id: str, fence: int) -> None:
        """Sync a checkpoint to the disk, before the row names it."""
        fsync_tree(self._root / job_id / str(fence))

    def keep_only(self, job_id: str, fence: int) -> None:
        """Remove the folders of all earlier attempts, once the row names this one."""
        for folder in self._attempts(job_id):
            number = folder.name.removesuffix(PART)
            if number.isdigit() and int(number) < fence:
                shutil.rmtree(folder, ignore_errors=True)

    def remove_up_to(self, job_id: str, fence: int) -> None:
        """Remove the folders of an attempt and of all earlier ones."""
        self.keep_only(job_id, fence + 1)
        with contextlib.suppress(OSError):  # a later one is there
            (self._root / job_id).rmdir()

    def jobs(self) -> list[str]:
        """Jobs that have folders."""
        return [folder.name for folder in self._root.iterdir()] if self._root.is_dir() else []

    def _attempts(self, job_id: str) -> Iterable[Path]:
        with contextlib.suppress(FileNotFoundError):
            yield from list((self._root / job_id).iterdir())


def _copy(source: str, target: str) -> None:
    # A dying attempt may still move its files about; what it had at its checkpoint stays.
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(source, target)


def clear_jobs(records: Engine, folders: JobFolders, seconds: float) -> None:
    """Remove folders of jobs that succeeded, and of others that ended long ago.

    Rows and messages stay; old events of progress are deleted.

    Args:
        records: the database.
        folders: of the jobs.
        seconds: after its end for which a job can be retried from its checkpoint.
    """
    before = now() - seconds
    given_up = and_(jobs.c.state.in_(("failed", "cancelled")), jobs.c.ended_at < before)
    over = or_(jobs.c.state == "succeeded", given_up)
    _remove(records, folders, folders.jobs(), over)
    old = job_events.c.kind == "progress", job_events.c.created_at < before
    with records.begin() as connection:
        connection.execute(delete(job_events).where(*old))


def clear_after_loss(records: Engine, folders: JobFolders, job_id: str) -> None:
    """Remove the files of a worker whose job succeeded in another one.

    The other worker removed the job's folder, but does not see what is written later. In the
    folder of a job that goes on the next attempt may be at work: that one, or `clear_jobs`,
    cleans up.

    Args:
        records: the database.
        folders: of the jobs.
        job_id: of the job whose lease was lost.
    """
    _remove(records, folders, [job_id], jobs.c.state == "succeeded")


def _remove(
    records: Engine, folders: JobFolders, ids: Collection[str], over: ColumnElement[bool]
) -> None:
    due = and_(jobs.c.id.in_(ids), over)
    with records.begin() as connection:
        # From here on a job that is tried again begins anew, in a folder of a higher number.
        claimed = claim(connection, jobs, due, {"checkpoint": None}, jobs.c.id, len(ids))
    for row in claimed:
        folders.remove_up_to(row["id"], row["fence"])
