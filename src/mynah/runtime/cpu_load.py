"""CPU time that other processes use on the cores of this one."""

import math
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class _Reading:
    """CPU clocks at one moment, in seconds since an earlier one.

    Attributes:
        at: monotonic clock.
        busy: CPU time of all processes on the cores of this process's affinity.
        own: CPU time of this process.
    """

    at: float
    busy: float
    own: float

    @classmethod
    def now(cls, root: Path) -> Self | None:
        busy = _busy_seconds(root)
        return None if busy is None else cls(time.monotonic(), busy, time.process_time())


class CpuLoad:
    """Mean number of cores kept busy by other processes while this one works."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._last = _Reading.now(root)
        self._others = self._seconds = 0.0
        self._lock = threading.Lock()

    @property
    def seconds(self) -> float:
        """Time that the mean is over; infinite where the kernel reports nothing to wait for."""
        last = self._last
        return math.inf if last is None else self._seconds + time.monotonic() - last.at

    def pause(self) -> None:
        """Count up to now, and ignore the time until `resume`."""
        with self._lock:
            self._count()

    def resume(self) -> None:
        """Count from now on."""
        with self._lock:
            self._last = _Reading.now(self._root)

    def of_others(self) -> float | None:
        """Cores since the last call; None where the kernel does not report it."""
        with self._lock:
            self._count()
            others, seconds, self._others, self._seconds = self._others, self._seconds, 0.0, 0.0
        return max(0.0, others / seconds) if seconds else None

    def _count(self) -> None:
        last, self._last = self._last, _Reading.now(self._root)
        if last is not None and self._last is not None:
            self._others += self._last.busy - last.busy - (self._last.own - last.own)
            self._seconds += self._last.at - last.at


def _busy_seconds(root: Path) -> float | None:
    """Sum over the cores of the affinity; idle time and waiting for disks are not counted."""
    try:
        names = {f"cpu{core}" for core in os.sched_getaffinity(0)}
        lines = (root / "proc/stat").read_text("ascii").splitlines()
        rows = [line.split() for line in lines if line.partition(" ")[0] in names]
        # user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in user.
        ticks = sum(sum(map(int, (*row[1:4], *row[6:9]))) for row in rows)
        return ticks / os.sysconf("SC_CLK_TCK") if rows else None
    except (AttributeError, OSError, ValueError):  # not Linux, or a sandbox without it
        return None
