"""Where audio is kept."""

from pathlib import Path
from typing import Protocol

from mynah.runtime.files import write_atomic


class Storage(Protocol):
    """A place for files under keys such as `recordings/rec_1.flac`."""

    def put(self, key: str, data: bytes) -> None:
        """Keeps data, whole or not at all."""

    def get(self, key: str) -> bytes:
        """What is kept.

        Raises:
            FileNotFoundError: nothing is.
        """

    def delete(self, key: str) -> None:
        """Forgets a key; one that is not there is no error."""


class FolderStorage:
    """Files in a local folder.

    Args:
        folder: made if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def put(self, key: str, data: bytes) -> None:
        """See `Storage`."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data)

    def get(self, key: str) -> bytes:
        """See `Storage`."""
        return self._path(key).read_bytes()

    def delete(self, key: str) -> None:
        """See `Storage`."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder):
            raise ValueError("A storage key leads out of its folder.")
        return path
