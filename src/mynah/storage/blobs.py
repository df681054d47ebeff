"""Stores of audio files and of weights."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from mynah.runtime.files import fsync, fsync_tree, write_atomic

_CHUNK = 1 << 18
"""Bytes of a part of a blob that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Stored data that can be read in parts.

    Attributes:
        size: bytes.
        tag: differs if the data differ.
        read: gives the bytes from a position to another, in chunks. Raises `FileNotFoundError` if
            the data are gone.
    """

    size: int
    tag: str
    read: Callable[[int, int], Iterator[bytes]]

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Create a blob of data in memory."""
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        return cls(len(data), digest, lambda start, stop: iter([data[start:stop]]))


class BlobStore(Protocol):
    """Files under keys such as `recordings/rec_1.flac`."""

    def put(self, key: str, data: bytes) -> None:
        """Write a file atomically, once; the same data again are no error.

        Raises:
            FileExistsError: there are other data under this key.
        """

    def get(self, key: str) -> bytes:
        """Read a file.

        Raises:
            FileNotFoundError: there is none of this key.
        """

    def open(self, key: str) -> Blob:
        """Opens what is kept, to be read in parts.

        Raises:
            FileNotFoundError: nothing is.
        """

    def delete(self, key: str) -> None:
        """Delete a file; one that is not there is no error."""


class FileBlobs:
    """Files in a local folder.

    Args:
        folder: made if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def put(self, key: str, data: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_bytes() != data:
            raise FileExistsError(key)
        write_atomic(path, data)

    def get(self, key: str) -> bytes:
        return self._path(key).read_bytes()

    def open(self, key: str) -> Blob:
        """See `BlobStore`."""
        path = self._path(key)
        facts = path.stat()
        tag = f"{facts.st_mtime_ns:x}-{facts.st_size:x}"
        # Opened at once, so that a missing file is told before an answer begins.
        return Blob(
            facts.st_size, tag, lambda start, stop: _chunks(path.open("rb"), start, stop - start)
        )

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder):
            raise ValueError("A storage key leads out of its folder.")
        return path


def _chunks(file: BinaryIO, start: int, left: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while left and (chunk := file.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


class WeightStore(Protocol):
    """Folders under keys such as `voice_1/job_2/3`; no two writers have the same key."""

    def put(self, key: str, files: Mapping[str, Path]) -> None:
        """Copy files in, by their new names; all of them or none.

        Raises:
            OSError: they cannot be written.
        """

    def path(self, key: str) -> Path:
        """A local folder with these files.

        Raises:
            FileNotFoundError: there is none of this key.
        """

    def delete(self, key: str) -> None:
        """Delete a folder, whole or half-written; one that is not there is no error."""


class FileWeights:
    """Folders on a local disk.

    Args:
        root: made if it does not exist.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def put(self, key: str, files: Mapping[str, Path]) -> None:
        folder = self._inside(key)
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = _part_of(folder)
        try:
            part.mkdir()
            for name, source in files.items():
                shutil.copyfile(source, part / Path(name).name)
            fsync_tree(part)
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        # The name itself must be on the disk, too, before a row refers to it.
        fsync(folder.parent)

    def path(self, key: str) -> Path:
        folder = self._inside(key)
        if not folder.is_dir():
            raise FileNotFoundError(key)
        return folder

    def delete(self, key: str) -> None:
        folder = self._inside(key)
        for each in (_part_of(folder), folder):
            shutil.rmtree(each, ignore_errors=True)

    def _inside(self, key: str) -> Path:
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root) or path == self._root:
            raise ValueError("A key leads out of its folder.")
        return path


def _part_of(folder: Path) -> Path:
    """Path of a folder while it is half-written; a later clean-up knows its name."""
    return folder.with_name(f".{folder.name}.part")
