"""Measured frames of every saying."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Measured(NamedTuple):
    """Rows each 20 ms, in half precision, and samples in 16 bits."""

    smooth: NDArray[np.float16]
    mel: NDArray[np.float16]
    samples: NDArray[np.int16]


def read(work: Path, count: int) -> list[Measured]:
    """Load what `measuring` saved of so many sayings."""
    return [Measured(**np.load(path_of(work, number))) for number in range(count)]


def path_of(work: Path, number: int) -> Path:
    """Path of a saying's frames."""
    return work / "measured" / f"{number:05}.npz"
