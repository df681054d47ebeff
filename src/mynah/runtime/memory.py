"""Memory that is free and that the process still has: what the C library keeps, and cycles."""

import contextlib
import ctypes
import gc

MOST_ARENAS = 2
"""One for the main thread and one for all others, which Python lets run one at a time anyway."""
_ARENA_MAX = -8
"""`M_ARENA_MAX` of glibc's `malloc.h`."""


def limit_arenas() -> None:
    """Have all threads allocate from a few arenas; call it before threads are started.

    Each arena keeps the freed memory of its largest user, such as a long recording: with glibc's
    default of eight arenas a core, a server keeps many times the largest one.
    """
    with contextlib.suppress(AttributeError, TypeError):  # only glibc has it
        ctypes.CDLL(None).mallopt(_ARENA_MAX, MOST_ARENAS)


def return_freed_memory() -> None:
    """Return the memory of unreachable cycles, and what the C library keeps, to the system.

    Python itself looks for cycles among old objects only when these have grown by a quarter, and
    a gRPC call that was refused is a cycle with its message.
    """
    gc.collect()
    with contextlib.suppress(AttributeError, TypeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)
