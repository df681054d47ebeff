"""Semantic tokens of a recording."""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.audio.recording import Recording

CONTENT_RATE = 16_000

WORDLESS = 0
"""Phoneme of speech whose words are not known."""


class ContentEncoder(Protocol):
    """A content encoder."""

    def __call__(self, samples: Tensor) -> Tensor:
        """Features (1, T, 768) at 50 Hz of a waveform (1, S) at 16 kHz."""
        ...


class TokenReader(Protocol):
    """The part of an acoustic model that knows its tokens."""

    def distances(self, ssl: Tensor) -> Tensor:
        """Of content features (1, 768, T) from each token, (1, T / 2, 1024)."""
        ...


TokenAssignment = Callable[[Tensor, Sequence[int]], Tensor]
"""From distances (N, tokens) and phoneme ids, empty if the words are unknown, to tokens (N,)."""


def nearest_tokens(distances: Tensor, phones: Sequence[int]) -> Tensor:
    """The nearest token of each frame, whatever the words."""
    return distances.argmin(dim=1)


@torch.inference_mode()
def semantic_tokens(
    recording: Recording,
    content: ContentEncoder,
    reader: TokenReader,
    phones: Sequence[int],
    silence: float,
    assign: TokenAssignment = nearest_tokens,
) -> Tensor:
    """Tokens (N,), 25 a second, of a recording and of what silence after it fills up.

    Args:
        recording: of any rate.
        content: hears it.
        reader: knows the tokens that are nearest to what was heard.
        phones: ids of its words; empty if they are not known.
        silence: seconds of it that are heard after the recording.
        assign: chooses tokens by their distances.
    """
    samples = torch.from_numpy(recording.at(CONTENT_RATE).samples)
    padded = F.pad(samples, (0, int(silence * CONTENT_RATE)))
    distances = reader.distances(content(padded[None]).transpose(1, 2))[0]
    return assign(distances, phones)
