"""The format of the data folder: of the weights and recordings in it, apart from the database."""

import tempfile
from pathlib import Path

from mynah.errors import StorageError, UnavailableError
from mynah.runtime.files import write_atomic

FORMAT = 1
"""Weights in `versions/`, recordings in `audio/`, checkpoints in `jobs/`, as they are now."""
FORMAT_FILE = "format"
PRIVATE = 0o700
"""Mode of a new folder: voices are in it."""
_PROBE = 1 << 16
"""Bytes that must fit into a folder that has room."""


def make_data_folder(folder: Path) -> None:
    """Make the folder if it is not there, and have it say its format.

    Raises:
        StorageError: it cannot be made or written, or has a format that is not known.
    """
    try:
        folder.mkdir(PRIVATE, parents=True, exist_ok=True)
        check_format(folder)
        if not (folder / FORMAT_FILE).exists():
            write_atomic(folder / FORMAT_FILE, f"{FORMAT}\n".encode())
    except OSError as error:
        raise StorageError(
            f"The data folder {folder} cannot be made or written ({error.strerror}); let this "
            "user write it, or set MYNAH_DATA to another folder."
        ) from None


def check_room(folder: Path) -> None:
    """Refuse a folder that nothing can be written to now.

    Raises:
        UnavailableError: it says why.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE))
    except OSError as error:
        raise UnavailableError(
            f"The data folder cannot be written ({error.strerror}); free some space on its disk, "
            "or let the server write it."
        ) from None


def check_format(folder: Path) -> None:
    """Refuse a folder of a newer Mynah; one that does not say its format has the first.

    Raises:
        StorageError: that is so, or its format cannot be read.
    """
    try:
        said = (folder / FORMAT_FILE).read_bytes()[:20].decode("ascii", "replace").strip()
    except FileNotFoundError:
        return
    except OSError as error:
        said = f"unreadable: {error.strerror}"
    if said != str(FORMAT):
        raise StorageError(
            f"The data folder {folder} has the format {said!r}, and this Mynah knows {FORMAT}; "
            "install the newer Mynah that wrote it, or set MYNAH_DATA to another folder."
        )
