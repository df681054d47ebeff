"""Where the networks compute, as programs, settings and the command line name it."""

from typing import Literal

Device = Literal["auto", "cpu", "cuda"]
"""`auto` is a GPU if there is one, and the CPU otherwise."""
