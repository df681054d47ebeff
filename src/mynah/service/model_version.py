"""A name for the very weights that speak."""

import hashlib
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path


def model_version(folder: Path | None) -> str:
    """Changes with any byte of a model's files, and with the code that runs them.

    Args:
        folder: of the model; None is the starter.
    """
    if folder is not None:
        return f"{version('mynah')}-{_digest(folder)}"
    with as_file(files("mynah") / "starter") as starter:
        return f"{version('mynah')}-{_digest(starter)}"


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
