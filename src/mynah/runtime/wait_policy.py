"""Wait policy of OpenMP by the load of the machine: spin on idle cores, sleep on busy ones.

Torch shares every layer among a team of threads. Those of GNU's OpenMP spin for milliseconds when
they wait for each other, which saves the time to wake them: a fifth of a decoder's. Beside other
busy processes a thread spins on a core that the thread it waits for could have, and speech takes
many times as long.

libgomp reads its spin count from the environment, once. It also stops spinning after a moment
while a process has more OpenMP threads than cores (`GOMP_SPINCOUNT` in its manual), and checks
that whenever a thread waits. So one more, idle team makes all teams of the process sleep when
they wait, and without it they spin again. Work is shared as before, and so the result is the same.
"""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mynah.runtime.cores import affinity_cores, available_cores
from mynah.runtime.cpu_load import CpuLoad

PERIOD = 0.25
"""Seconds of work over which the load is measured: the kernel counts in hundredths."""

BUSY, IDLE = 0.5, 0.25
"""Cores wanted by others beyond those to spare, from which on threads sleep, and spin again."""

CHOICES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
"""Variables of libgomp's own by which a user chooses how threads wait."""

MOST_IDLE_THREADS = 64
"""Most threads of an idle team; libgomp ends the process if it gets no more threads."""


class WaitPolicy:
    """Choice of spinning or sleeping for OpenMP threads that wait, by the load of the machine.

    They sleep until the load is known, and always where a CPU quota counts the time that they
    spin. Nothing is changed where the user has chosen (`CHOICES`).
    """

    def __init__(self, threads: int, load: CpuLoad | None = None, root: Path = Path("/")) -> None:
        self._load = load or CpuLoad(root)
        cores = available_cores(root)
        self._spare = cores - threads
        self._has_quota = cores < affinity_cores()
        self._size = affinity_cores() - threads + 2
        self._lock = threading.Lock()
        self._open = True
        self._idle_team = _formed(self._size)

    @property
    def sleeps(self) -> bool:
        """True while threads that wait sleep."""
        return self._idle_team is not None

    def pause(self) -> None:
        """Stop measuring the load while nothing is computed."""
        self._load.pause()

    def resume(self) -> None:
        """Measure the load again."""
        self._load.resume()

    def observe(self) -> None:
        """Adapt if the load was measured for long enough; cheap enough to call between chunks."""
        if self._load.seconds < PERIOD or not self._lock.acquire(blocking=False):
            return
        try:
            if self._open:
                self._adapt()
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the idle team."""
        with self._lock:
            self._open = False
            self._spin()

    def _adapt(self) -> None:
        others = self._load.of_others()
        if self._has_quota:
            return
        wanted = 0.0 if others is None else others - self._spare
        if self._idle_team is None and wanted > BUSY:
            self._idle_team = _formed(self._size)
        elif wanted < IDLE:
            self._spin()

    def _spin(self) -> None:
        if self._idle_team is not None:
            self._idle_team.close()
            self._idle_team = None


@contextmanager
def sleeping_teams(threads: int) -> Iterator[None]:
    """Have OpenMP threads of teams up to `threads` sleep when they wait, for background work."""
    team = _formed(affinity_cores() - threads + 2)
    try:
        yield
    finally:
        if team is not None:
            team.close()


class _IdleTeam:
    """Idle OpenMP team, held by a thread of its own."""

    def __init__(self, gomp: ctypes.CDLL, size: int) -> None:
        self._gomp = gomp
        self._size = size
        self._formed, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, name="idle OpenMP team", daemon=True)
        self._thread.start()
        self._formed.wait()

    def close(self) -> None:
        """End its threads."""
        self._ended.set()
        self._thread.join()

    def _hold(self) -> None:
        # A parallel region of something short forms the team, which lasts as long as this thread.
        short = ctypes.cast(self._gomp.omp_get_num_threads, ctypes.c_void_p)
        self._gomp.GOMP_parallel(short, None, ctypes.c_uint(self._size), ctypes.c_uint(0))
        self._formed.set()
        self._ended.wait()


def _formed(size: int) -> _IdleTeam | None:
    """An idle team; None where it is not allowed, has no effect, or needs too many threads."""
    if any(name in os.environ for name in CHOICES):
        return None
    gomp = _libgomp()
    return _IdleTeam(gomp, size) if gomp is not None and 2 <= size <= MOST_IDLE_THREADS else None


def _libgomp() -> ctypes.CDLL | None:
    """The libgomp that torch has loaded, which may not be the system's."""
    try:
        maps = Path("/proc/self/maps").read_text("utf-8", errors="replace")
    except OSError:  # not Linux
        return None
    files = [line.split(maxsplit=5)[-1] for line in maps.splitlines() if "/libgomp" in line]
    # Other packages may have brought one, too.
    file = min(files, key=lambda path: "/torch" not in path, default=None)
    return None if file is None else ctypes.CDLL(file)
