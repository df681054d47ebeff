"""What training learns from: a few seconds of speech, its words if they are known, its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mynah.training.preparation.frames import SAMPLE_RATE


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Two to ten seconds of one person's speech.

    Attributes:
        samples: mono at 32 kHz between -1 and 1, (samples,), 1280 of them for each token.
        text: its words; None where they are not known.
        phones: ids of their phonemes as the model reads them; empty without words.
        codes: semantic tokens, 25 a second.
    """

    samples: NDArray[np.float32]
    text: str | None
    phones: Sequence[int]
    codes: Sequence[int]

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / SAMPLE_RATE
