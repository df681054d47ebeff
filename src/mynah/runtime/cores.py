"""CPU cores that this process may use: those of its affinity, within its cgroups' CPU quota."""

import math
import os
from collections.abc import Iterator
from pathlib import Path


def available_cores(root: Path = Path("/")) -> float:
    """Cores that this process may keep busy at a time; 1.5 where a quota gives one and a half.

    Torch and OpenMP look at the affinity alone, and in a container with a quota start more threads
    than may run. Those use the quota up while they wait for each other, and then all of them stop
    until the scheduler's next period.
    """
    return min([float(affinity_cores()), *_quotas(root)])


def compute_threads(root: Path = Path("/")) -> int:
    """The number of threads for one computation: the whole cores."""
    return max(1, math.floor(available_cores(root)))


def affinity_cores() -> int:
    """The number of cores of the CPU affinity, which is what OpenMP counts."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux has it
        return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """Cores by the quota of each cgroup that this process is in, and of those above it."""
    for folder in _cgroups(root):
        quota = _of_version_2(folder) or _of_version_1(folder)
        if quota:
            yield quota


def _cgroups(root: Path) -> Iterator[Path]:
    """Folders of the cgroups that may limit the CPU.

    In a container the kernel may report paths of the host, of which only the last folders, or none,
    are visible: so every folder on the way is tried, and the mount itself.
    """
    mounts = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        inside = Path(path.lstrip("/"))
        for mount in {mounts / controllers, mounts / ("cpu" if controllers else "unified")}:
            yield from (mount / each for each in (inside, *inside.parents))


def _of_version_2(folder: Path) -> float | None:
    quota, _, period = _read(folder / "cpu.max").partition(" ")
    return _cores(quota, period)


def _of_version_1(folder: Path) -> float | None:
    quota, period = (_read(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    return _cores(quota, period)


def _cores(quota: str, period: str) -> float | None:
    """Quota over period, in microseconds; None where it is `max`, -1 or absent."""
    try:
        cores = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return cores if cores > 0 else None


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, ValueError):
        return ""
