"""Reference recordings: files of one folder, the only one that callers can name files in."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mynah.audio.kinds import KINDS
from mynah.engine.request import VoiceRef
from mynah.errors import RecordingError, TextError
from mynah.server.app import Services
from mynah.server.errors import RequestError
from mynah.server.voices.uploads import UploadRules, admit
from mynah.text.frontend import analyse
from mynah.voice.voice import Voice

"""Kinds of references: the operator chose these files, so more are allowed than of uploads."""


@dataclass(frozen=True, slots=True)
class References:
    """Reference recordings of one person; text and language are those of the first, the prompt."""

    paths: Sequence[str]
    text: str
    language: str


def read_voice_ref(references: References, services: Services) -> VoiceRef:
    """Read recordings as a voice keyed by their contents: a changed file is another voice.

    Raises:
        RecordingError: a path leads out of the folder, or to no usable recording.
    """
    settings, rules = services.settings, replace(services.uploads, kinds=KINDS)
    files = [_read(settings.references, path, rules.bytes) for path in references.paths]
    load = partial(_load, files, references, rules)
    return VoiceRef(f"reference/{_hash(files, references)}", load)


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


def _hash(files: Sequence[bytes], references: References) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for part in (references.language.encode(), references.text.encode(), *files):
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def _check_words(references: References) -> None:
    try:
        analyse(references.text, references.language, split="cut0")
    except TextError as error:
        raise RequestError(f"prompt_text: {error}", "prompt_text") from None


def _load(files: Sequence[bytes], references: References, rules: UploadRules) -> Voice:
    first, *others = (admit(data, rules).flac for data in files)
    if references.text:
        _check_words(references)
    return Voice.from_recording(
        first, *others, text=references.text, language=references.language, name="reference"
    )
