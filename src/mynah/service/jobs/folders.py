"""A folder for each attempt at a job, so that an attempt that was thought dead spoils nothing.

`jobs/<id>/<number>` is the attempt's with that fencing number. A new attempt begins with a copy of
the one that the job's row names, and when it has that on its row the older ones go.
"""

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from mynah.runtime.files import fsync_tree

PART = ".part"


class JobFolders:
    """The folders of jobs.

    Args:
        root: made if it does not exist.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def begin(self, job_id: str, attempt: int, checkpoint: int | None) -> Path:
        """The folder of a new attempt, with all that an earlier one had.

        Args:
            job_id: of the job.
            attempt: its fencing number.
            checkpoint: number of the attempt to go on from, if there is one.

        Raises:
            OSError: it cannot be written.
        """
        folder = self._root / job_id / str(attempt)
        part = folder.with_name(folder.name + PART)
        earlier = folder.with_name(str(checkpoint))
        part.parent.mkdir(parents=True, exist_ok=True)
        if checkpoint is not None and earlier.is_dir():
            shutil.copytree(earlier, part, copy_function=_copy)
        else:
            part.mkdir()
        part.replace(folder)
        return folder

    def settle(self, job_id: str, attempt: int) -> None:
        """Makes a checkpoint last, before the row names it."""
        fsync_tree(self._root / job_id / str(attempt))

    def keep_only(self, job_id: str, attempt: int) -> None:
        """Removes the folders of all earlier attempts, once the row names this one."""
        for folder in self._attempts(job_id):
            number = folder.name.removesuffix(PART)
            if number.isdigit() and int(number) < attempt:
                shutil.rmtree(folder, ignore_errors=True)

    def jobs(self) -> list[str]:
        """Jobs that have folders."""
        return [folder.name for folder in self._root.iterdir()] if self._root.is_dir() else []

    def remove(self, job_id: str) -> None:
        """Forgets a job."""
        shutil.rmtree(self._root / job_id, ignore_errors=True)

    def _attempts(self, job_id: str) -> Iterable[Path]:
        with contextlib.suppress(FileNotFoundError):
            yield from list((self._root / job_id).iterdir())


def _copy(source: str, target: str) -> None:
    # A dying attempt may still move its files about; what it had at its checkpoint stays.
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(source, target)
