"""Kinds of audio files, recognised by their first bytes."""

import re
from io import BufferedIOBase

KINDS = (
    "wav", "mp3", "flac", "ogg", "mp4", "webm", "amr", "aac", "aiff", "au", "caf", "w64",
)  # fmt: skip
"""All that are decoded; `mp4` is M4A, MOV and 3GP as well, and `webm` is all of Matroska."""
SUFFIXES = frozenset({
    ".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".mp4", ".m4a", ".mov", ".3gp", ".webm",
    ".mka", ".amr", ".aac", ".aif", ".aiff", ".au", ".caf", ".w64",
})  # fmt: skip
"""Usual ends of the names of such files."""
CONTAINERS = frozenset({"mp4", "webm", "amr", "aac"})
"""Kinds that FFmpeg reads; libsndfile reads the others."""
_MAGIC = {
    "wav": rb"RI(FF|FX)....WAVE|RF64....WAVE",
    "flac": rb"fLaC",
    "ogg": rb"OggS",
    "aiff": rb"FORM....AIF[FC]",
    "au": rb"\.snd|dns\.",
    "caf": rb"caff",
    "w64": rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00",
    "mp4": rb"....(ftyp|moov|mdat|wide|free|skip)",
    "webm": rb"\x1a\x45\xdf\xa3",
    "amr": rb"#!AMR",
    # The first twelve bits of a frame, and no layer, which MPEG's other streams have.
    "aac": rb"\xff[\xf0\xf1\xf8\xf9]",
    # Eleven bits that begin each frame of an MPEG stream.
    "mp3": rb"\xff[\xe0-\xff]",
}
_LONGEST = 16
_MOST_TAGS = 8


def kind_of(file: BufferedIOBase) -> str | None:
    """The kind of a file by its first bytes after any ID3 tags; None if it is none of `KINDS`.

    The file is left at its beginning.
    """
    file.seek(0)
    header = _skip_tags(file)
    file.seek(0)
    return _by_magic(header)


def _skip_tags(file: BufferedIOBase) -> bytes:
    start, header = 0, file.read(_LONGEST)
    for _ in range(_MOST_TAGS):
        if not header.startswith(b"ID3") or len(header) < 10:
            break
        # Four bytes of seven bits each, after name, version and flags.
        size = sum((byte & 0x7F) << 7 * (3 - n) for n, byte in enumerate(header[6:10]))
        start += 10 + size
        file.seek(start)
        header = file.read(_LONGEST)
    return header


def _by_magic(header: bytes) -> str | None:
    matching = (kind for kind, magic in _MAGIC.items() if re.match(magic, header, re.DOTALL))
    return next(matching, None)
