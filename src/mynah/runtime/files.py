"""Atomic and durable file writes."""

import contextlib
import errno
import os
import stat
import uuid
from pathlib import Path


def is_disk_full(error: BaseException) -> bool:
    """True for the error of a write that a disk or a quota has no room for."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def read_regular(path: Path, most: int = -1) -> bytes:
    """Read a file, or its first bytes; a pipe or a device, which never ends, is refused unread.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no regular file")
        return file.read(most)


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file atomically; readers see the old content or the new, never a part.

    Raises:
        OSError: it cannot be written; the old content is still there then.
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
    """Flush everything in a folder to the disk.

    Raises:
        OSError: it fails.
    """
    for path in (*folder.rglob("*"), folder):
        with contextlib.suppress(FileNotFoundError):
            fsync(path)


def fsync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk.

    Raises:
        OSError: it fails.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
