"""Freed memory is used again by other threads, and goes back to the system."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
import numpy as np
from pathlib import Path
from mynah.runtime.memory import limit_arenas, return_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

def work():
    # Of sizes below those that the C library maps, and too many to be held by a thread's own cache.
    blocks = [np.ones(100_000, np.uint8) for _ in range(400)]
    keep.append(np.ones(50_000, np.uint8))  # so that the end of the arena stays in use
    del blocks

keep, ended = [], threading.Event()
if sys.argv[1] == "limited":
    limit_arenas()
before = resident()
for _ in range(6):
    done = threading.Event()
    threading.Thread(target=lambda: (work(), done.set(), ended.wait())).start()
    done.wait()
grown = resident() - before
return_freed_memory()
print(grown >> 20, resident() - before >> 20)
ended.set()
"""


def grown(how: str) -> list[int]:
    """Mebibytes after six threads used 40 each in turn, and after freed ones are returned."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
    )
    return [int(each) for each in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has arenas")
def test_threads_share_what_was_freed():
    limited, _ = grown("limited")
    unlimited, returned = grown("unlimited")
    assert limited < unlimited / 2
    assert returned < unlimited / 2
