"""Recordings and weights in a bucket, for servers and workers on several machines."""

import fcntl
import hashlib
import json
import os
import shutil
import time
import uuid
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from mynah.errors import BlobsUnavailableError
from mynah.storage.blobs import Blob
from mynah.storage.bucket import Bucket

_HASHES = "files.json"
"""Object beside the files of a folder of weights: their SHA-256 by their names. It is written
last, so that a folder without it is not there."""
_LOCKS = 16
_IN_USE_SECONDS = 600
"""Time after which weights that were asked for must have been read, and may be evicted."""


class ObjectBlobs:
    """Objects of a bucket under a prefix; see `BlobStore`."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix

    def put(self, key: str, data: bytes) -> None:
        self._bucket.create(self._path(key), data)

    def get(self, key: str) -> bytes:
        return self._bucket.read(self._path(key))

    def open(self, key: str) -> Blob:
        path = self._path(key)
        size, tag = self._bucket.size_and_tag(path)
        return Blob(size, tag, lambda start, stop: self._bucket.parts(path, start, stop))

    def delete(self, key: str) -> None:
        self._bucket.delete(self._path(key))

    def _path(self, key: str) -> str:
        return f"{self._prefix}/{_checked(key)}"


class ObjectWeights:
    """Folders of weights in a bucket, fetched once a machine; see `WeightStore`.

    Args:
        bucket: where they are.
        prefix: of them in it.
        cache: folder of what was fetched, which processes of this machine share.
        most: bytes of it; the least recently used go first.
    """

    def __init__(self, bucket: Bucket, prefix: str, cache: Path, most: int) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._cache = cache.resolve()
        self._most = most

    def put(self, key: str, files: Mapping[str, Path]) -> None:
        path = self._path(key)
        hashes = {
            name: self._bucket.upload(f"{path}/{name}", source) for name, source in files.items()
        }
        self._bucket.create(f"{path}/{_HASHES}", json.dumps(hashes, sort_keys=True).encode())

    def path(self, key: str) -> Path:
        """See `WeightStore`; while S3 is away, what was fetched before is given.

        Raises:
            BlobsUnavailableError: S3 does not answer, or gave other bytes than were written.
        """
        folder = self._cache / _checked(key)
        try:
            # Asked each time, since only that tells of a deletion by another machine.
            hashes = json.loads(self._bucket.read(f"{self._path(key)}/{_HASHES}"))
        except FileNotFoundError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        except BlobsUnavailableError:
            if folder.is_dir():
                return folder
            raise
        with self._locked(key):
            if not folder.is_dir():
                self._fetch(self._path(key), hashes, folder)
        os.utime(folder)
        return folder

    def delete(self, key: str) -> None:
        path = self._path(key)
        shutil.rmtree(self._cache / _checked(key), ignore_errors=True)
        self._bucket.delete(f"{path}/{_HASHES}")
        self._bucket.delete_below(path)

    def _path(self, key: str) -> str:
        return f"{self._prefix}/{_checked(key)}"

    def _fetch(self, path: str, hashes: Mapping[str, str], folder: Path) -> None:
        part = self._cache / f".{uuid.uuid4().hex}.part"
        part.mkdir()
        try:
            for name, expected in hashes.items():
                self._download(f"{path}/{name}", part / Path(name).name, expected)
            self._make_room(sum(file.stat().st_size for file in part.iterdir()))
            folder.parent.mkdir(parents=True, exist_ok=True)
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _download(self, path: str, file: Path, expected: str) -> None:
        size, _ = self._bucket.size_and_tag(path)
        digest = hashlib.sha256()
        with file.open("xb") as out:
            for part in self._bucket.parts(path, 0, size):
                digest.update(part)
                out.write(part)
        if digest.hexdigest() != expected:
            raise BlobsUnavailableError(
                "Weights from the object store are not as they were written; try again, and if "
                "that does not help, train the version again."
            )

    def _make_room(self, needed: int) -> None:
        folders = {file.parent for file in self._cache.rglob("*") if file.is_file()}
        fetched = [
            (folder.stat().st_mtime, _size(folder), folder)
            for folder in folders
            if folder != self._cache and not folder.name.endswith(".part")
        ]
        left = self._most - needed - sum(size for _, size, _ in fetched)
        for used, size, folder in sorted(fetched):
            if left >= 0 or used > time.time() - _IN_USE_SECONDS:
                return
            shutil.rmtree(folder, ignore_errors=True)
            left += size

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Have one process of this machine fetch; a few locks do for all keys."""
        self._cache.mkdir(parents=True, exist_ok=True)
        number = zlib.crc32(key.encode()) % _LOCKS
        with (self._cache / f".lock-{number}").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _checked(key: str) -> str:
    parts = PurePosixPath(key).parts
    if not parts or ".." in parts or key.startswith("/"):
        raise ValueError("A storage key leads out of its folder.")
    return key
