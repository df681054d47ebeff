"""The download of one file: resumed where it broke off, and checked."""

import hashlib
import io
import logging
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mynah.errors import CheckpointError

_SHA256 = re.compile("[0-9a-f]{64}")
_LONGEST_REASON = 160
Received = Callable[[int], None]
"""Told of the bytes that arrived, or, below zero, were thrown away."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as its server describes it.

    Attributes:
        url: of the file.
        size: in bytes.
        etag: its SHA-256 on hubs, something of the server's own elsewhere; empty if not told.
    """

    url: str
    size: int
    etag: str


def describe(url: str) -> RemoteFile:
    """Ask a server about a file.

    Raises:
        CheckpointError: it has none, cannot be reached, or does not tell the size.
    """
    with _hub() as hub:
        try:
            told = hub.get_hf_file_metadata(
                url, token=False, timeout=hub.constants.HF_HUB_ETAG_TIMEOUT
            )
        except Exception as error:
            # Versions of the library raise errors of different HTTP clients.
            raise CheckpointError(f"{url} cannot be had ({_reason(error)})") from error
    if told.size is None:
        raise CheckpointError(f"{url} cannot be had (the server does not tell its size)")
    return RemoteFile(url, told.size, told.etag or "")


def fetch(remote: RemoteFile, target: Path, received: Received) -> None:
    """Fetch a file, going on where an earlier call broke off.

    Args:
        remote: the file.
        target: its path, which is there when all of it is, and is right.
        received: told of the bytes.

    Raises:
        CheckpointError: it broke off, or is not the one that the server described.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _part(remote, target)
    if part.exists() and part.stat().st_size > remote.size:
        part.unlink()
    with _hub() as hub, _CountingFile(part, received) as file:
        received(start := file.seek(0, io.SEEK_END))
        try:
            hub.file_download.http_get(
                remote.url,
                file,
                resume_size=start,
                expected_size=remote.size,
                headers=hub.utils.build_hf_headers(token=False),
            )
        except Exception as error:
            raise CheckpointError(
                f"{target.name} broke off ({_reason(error)}); run the command again, and it goes on"
            ) from error
    if not _right(part, remote):
        part.unlink()
        raise CheckpointError(
            f"{target.name} arrived with another size or checksum than the server told, and was "
            "thrown away; run the command again, or choose another source"
        )
    part.replace(target)


class _CountingFile(io.FileIO):
    """A file that is written to behind its end, and tells so."""

    def __init__(self, path: Path, received: Received) -> None:
        super().__init__(path, "r+" if path.exists() else "w+")
        self._received = received

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - as `io.FileIO` has it
        """Write bytes."""
        count = super().write(data)
        self._received(count)
        return count

    def truncate(self, size: int | None = None, /) -> int:
        """Throw away what is behind a place."""
        before = self.seek(0, io.SEEK_END) if size is not None else self._end()
        after = super().truncate(size)
        self._received(after - before)
        return after

    def _end(self) -> int:
        here = self.tell()
        end = self.seek(0, io.SEEK_END)
        self.seek(here)
        return end


def _part(remote: RemoteFile, target: Path) -> Path:
    # A part of another edition of the file is not gone on with.
    edition = hashlib.sha256(f"{remote.etag} {remote.size}".encode()).hexdigest()[:12]
    return target.with_name(f".{target.name}.{edition}.part")


def _right(path: Path, remote: RemoteFile) -> bool:
    if path.stat().st_size != remote.size:
        return False
    if _SHA256.fullmatch(remote.etag):
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == remote.etag
    # No checksum was told; weights have those of their zip file.
    if not zipfile.is_zipfile(path):
        return True
    with zipfile.ZipFile(path) as archive:
        return archive.testzip() is None


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:_LONGEST_REASON]


@contextmanager
def _hub() -> Iterator[Any]:
    """The library `huggingface_hub`, without its own bars and remarks.

    Raises:
        CheckpointError: it is not installed.
    """
    try:
        import huggingface_hub  # noqa: PLC0415 - heavy
        import huggingface_hub.file_download  # noqa: PLC0415
    except ImportError:
        raise CheckpointError(
            "Fetching models needs the package huggingface_hub: pip install 'mynah[released]'."
        ) from None
    hub: Any = huggingface_hub
    output, bars = hub.utils.logging, not hub.utils.are_progress_bars_disabled()
    level = output.get_verbosity()
    with warnings.catch_warnings():
        # Switching the bars warns where HF_HUB_DISABLE_PROGRESS_BARS says otherwise.
        warnings.simplefilter("ignore")
        output.set_verbosity(logging.CRITICAL)
        hub.utils.disable_progress_bars()
        try:
            yield hub
        finally:
            output.set_verbosity(level)
            if bars:
                hub.utils.enable_progress_bars()
