import platform
import subprocess
import sys

import pytest

from mynah.service.allocator import ARENAS

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")

_THREADS = 6
_COUNT = f"""
import ctypes, threading
libc = ctypes.CDLL(None)
there = threading.Barrier({_THREADS} + 1)
def work():
    ctypes.create_string_buffer(100_000)
    there.wait()
    there.wait()
threads = [threading.Thread(target=work) for _ in range({_THREADS})]
for thread in threads: thread.start()
there.wait()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
there.wait()
"""


def test_threads_share_arenas_once_these_are_limited() -> None:
    limit = "from mynah.service.allocator import limit_arenas\nlimit_arenas()\n"
    assert _arenas("") > ARENAS
    assert _arenas(limit) <= ARENAS


def _arenas(before: str) -> int:
    told = subprocess.check_output([sys.executable, "-c", before + _COUNT], text=True)
    return told.count("<heap nr=")
