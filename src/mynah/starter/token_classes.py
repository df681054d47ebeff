"""Token classes: the sounds that semantic tokens and phonemes stand for.

GPT-SoVITS's tokens are learnt, and nobody knows what each means. The starter's are written down:
each belongs to the class of one sound, which some phonemes have too. Where the words of a recording
are known, its tokens are aligned with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mynah.encoders.viterbi import viterbi_path

PAUSE = 0
"""The class of marks, of what cannot be heard, and of phonemes that no token has."""


@dataclass(frozen=True, slots=True)
class TokenClasses:
    """Classes of tokens and of phonemes, by number.

    Attributes:
        of_tokens: of each token.
        of_phones: of each phoneme id.
    """

    of_tokens: tuple[int, ...]
    of_phones: tuple[int, ...]

    def assign(self, distances: Tensor, phones: Sequence[int]) -> Tensor:
        """The nearest tokens that say some phonemes, in their order, each at least once.

        Args:
            distances: of features from each token, (tokens, 1024).
            phones: ids.

        Returns:
            Tokens (tokens,); the nearest of all if there is no time for the phonemes.
        """
        states = self.states(phones)
        if (states != PAUSE).sum() > len(distances):
            return distances.argmin(dim=1)
        of_tokens = torch.tensor(self.of_tokens, device=distances.device)
        far = distances.new_full((len(distances), 1 + int(of_tokens.max())), torch.inf)
        nearest = far.scatter_reduce(1, of_tokens.expand(distances.shape), distances, "amin")
        path = viterbi_path(-nearest.cpu().numpy(), states, states == PAUSE)
        said = torch.from_numpy(states[path]).to(distances.device)
        return distances.masked_fill(of_tokens != said[:, None], torch.inf).argmin(dim=1)

    def states(self, phones: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Classes in their order, with pauses at both ends, never two of them side by side."""
        states = [PAUSE]
        for each in (self.of_phones[phone] for phone in phones):
            if each != PAUSE or states[-1] != PAUSE:
                states.append(each)
        if states[-1] != PAUSE:
            states.append(PAUSE)
        return np.array(states, np.int64)
