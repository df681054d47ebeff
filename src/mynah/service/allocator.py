"""What glibc's allocator is told, so that a server keeps little memory that it does not use.

Other C libraries have no such arenas; there, nothing is done.
"""

import contextlib
import ctypes

ARENAS = 2
"""Enough that threads do not wait for each other: speech a second stays what it was."""

_ARENA_MAX = -8
"""As `mallopt` names it."""


def limit_arenas() -> None:
    """Has threads share arenas, each of which keeps what its own largest moment took.

    Under load that is a tenth of the server's memory, which grows for as long as threads find new
    largest moments. Call it before they begin: arenas that there are remain.
    """
    with contextlib.suppress(AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Returns to the system what is free, such as a tenth of the memory that loading took."""
    with contextlib.suppress(AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
