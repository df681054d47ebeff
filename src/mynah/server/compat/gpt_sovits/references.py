"""Reference recordings: files of one folder, the only one that callers can name files in."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from cachetools import LRUCache
from fastapi import Request

from mynah.audio.kinds import KINDS
from mynah.config import Settings
from mynah.engine.request import RecordingRef, VoiceRef
from mynah.errors import RecordingError, TextError
from mynah.server.errors import RequestError
from mynah.server.voices.uploads import UploadRules, admit
from mynah.text.frontend import analyse

_CHECKED_BYTES = 32 << 20
"""Memory for references that were checked before."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Reference recordings of one person; text and language are those of the first, the prompt."""

    paths: Sequence[str]
    text: str
    language: str


class ReferenceReader:
    """Reader of references as voices keyed by their contents: a changed file is another voice.

    The most recently used ones are kept, so that a file is decoded and checked once.
    """

    def __init__(self, settings: Settings, uploads: UploadRules) -> None:
        self._folder = settings.references
        # The operator chose these files, so more kinds are allowed than of uploads.
        self._rules = replace(uploads, kinds=KINDS)
        self._checked: LRUCache[str, VoiceRef] = LRUCache(_CHECKED_BYTES, getsizeof=_size)
        self._lock = threading.Lock()

    def read(self, reference: Reference) -> VoiceRef:
        """The voice of a reference.

        Raises:
            RecordingError: a path leads out of the folder, or to no recording that may be used.
            RequestError: its words cannot be pronounced.
        """
        files = [_read(self._folder, path, self._rules.bytes) for path in reference.paths]
        key = f"reference/{_hash(files, reference)}"
        with self._lock:
            known = self._checked.get(key)
        if known is None:
            known = _checked(key, files, reference, self._rules)
            with self._lock:
                if _size(known) <= _CHECKED_BYTES:
                    self._checked[key] = known
        return known


def reader_of(request: Request) -> ReferenceReader:
    """The reader of the app that a request has come to."""
    return cast(ReferenceReader, request.app.state.references)


def inside(folder: Path, path: str) -> Path | None:
    """The file that a path names within a folder; None if there is none, or it is outside."""
    try:
        folder = folder.resolve()
        # Links are followed first, so that none leads out.
        file = (folder / path).resolve()
        return file if file.is_relative_to(folder) and file.is_file() else None
    except (OSError, RuntimeError, ValueError):  # a name too long, a circle of links, a zero byte
        return None


def _read(folder: Path, path: str, limit: int) -> bytes:
    file = inside(folder, path)
    if file is None:
        raise RecordingError(
            f"There is no reference {path:.200}; name a recording in the server's folder of them."
        )
    try:
        with file.open("rb") as opened:
            data = opened.read(limit + 1)
    except OSError as error:
        raise RecordingError(
            f"The reference {path:.200} cannot be read ({error.strerror}); check its rights."
        ) from None
    if len(data) > limit:
        raise RecordingError(f"The reference {path:.200} is too large; cut it to 3 to 10 s.")
    return data


def _hash(files: Sequence[bytes], reference: Reference) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for part in (reference.language.encode(), reference.text.encode(), *files):
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def _checked(
    key: str, files: Sequence[bytes], reference: Reference, rules: UploadRules
) -> VoiceRef:
    first, *others = (RecordingRef(data=admit(data, rules).flac) for data in files)
    if reference.text:
        _check_words(reference)
        first = replace(first, text=reference.text)
    return VoiceRef(key, (first, *others), language=reference.language, name="reference")


def _check_words(reference: Reference) -> None:
    try:
        analyse(reference.text, reference.language, split="cut0")
    except TextError as error:
        raise RequestError(f"prompt_text: {error}", "prompt_text") from None


def _size(ref: VoiceRef) -> int:
    return sum(len(recording.data) for recording in ref.recordings)
