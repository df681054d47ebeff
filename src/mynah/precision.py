"""In what the networks compute, as programs, settings and the command line name it."""

from typing import Literal

Precision = Literal["auto", "float32"]
"""`auto` is whatever this machine is fastest in without a change that is heard; `float32` is
exact."""
