"""Memory that the C library keeps for a process after it was freed."""

import contextlib
import ctypes

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
    """Return freed memory to the system, such as what only loading a model needed."""
    with contextlib.suppress(AttributeError, TypeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)
