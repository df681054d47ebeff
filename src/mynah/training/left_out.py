"""Recordings that a training leaves out, named with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

LEFT_OUT = "left_out"
"""Their place in the report of a version."""
NAMED = 3


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A recording that is not learned from: its name or number, and the reason in a sentence."""

    recording: str
    reason: str


def remark_on(left_out: Sequence[LeftOut]) -> str:
    """Remark on recordings that are left out, with the first ones' reasons."""
    number = f"{len(left_out)} recordings are" if len(left_out) > 1 else "1 recording is"
    some = " ".join(f"{each.recording:.100}: {each.reason}" for each in left_out[:NAMED])
    more = f" And {len(left_out) - NAMED} more." if len(left_out) > NAMED else ""
    return f"{number} left out. {some}{more}"
