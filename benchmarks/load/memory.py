"""A server's memory while it is at work, and whether it keeps to what it has."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

_NOISE = 0.02
"""Growth in the second half that says nothing: allocators keep some pages, and give some back."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Memory at a time.

    Attributes:
        second: since the load began.
        resident: bytes.
    """

    second: float
    resident: int


async def read_memory(
    memory: Callable[[], int], every: float, until: asyncio.Future[Any]
) -> list[Reading]:
    """Read memory at intervals until something is done.

    Args:
        memory: tells the bytes that are resident; it may take a moment.
        every: seconds from one reading to the next.
        until: a task, whose end is waited for.
    """
    began, readings = time.monotonic(), list[Reading]()
    while not until.done():
        readings.append(Reading(time.monotonic() - began, await asyncio.to_thread(memory)))
        await asyncio.wait([until], timeout=every)
    return readings


def growth(readings: Sequence[Reading]) -> float:
    """Bytes by which the second half of the readings grew, from its first third to its last."""
    half = [each.resident for each in readings[len(readings) // 2 :]]
    third = max(1, len(half) // 3)
    return median(half[-third:]) - median(half[:third])


def is_flat(readings: Sequence[Reading]) -> bool:
    """True if the second half grew by no more than its noise."""
    return growth(readings) <= _NOISE * readings[-1].resident
