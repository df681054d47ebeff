"""Files that appear whole or not at all, and last once they are there."""

import contextlib
import os
import uuid
from pathlib import Path


def write_atomic(path: Path, data: bytes) -> None:
    """Writes a file; whoever looks sees the old content or the new, never a part.

    Raises:
        OSError: it cannot be written; what was there is still there then.
    """
    # The name is short and new, so that a long name and a second writer do no harm.
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def fsync_tree(folder: Path) -> None:
    """Has everything in a folder written to the disk.

    Raises:
        OSError: it cannot be.
    """
    for path in (*folder.rglob("*"), folder):
        with contextlib.suppress(FileNotFoundError):
            fsync(path)


def fsync(path: Path) -> None:
    """Has a file, or the names in a folder, written to the disk.

    Raises:
        OSError: it cannot be.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
