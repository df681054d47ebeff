"""Recordings as a call carries them."""

from collections.abc import Sequence
from pathlib import Path

Recording = str | Path | bytes
"""An audio file, by its path or as it is."""


def files_of(recordings: Sequence[Recording]) -> list[tuple[str, bytes]]:
    """The fields of a form."""
    return [
        ("recordings", each if isinstance(each, bytes) else Path(each).read_bytes())
        for each in recordings
    ]
