"""Reads tokens back: whether they say a sentence's phonemes, and where each is said."""

from pathlib import Path

import numpy as np

from mynah.encoders.viterbi import viterbi_path
from recipes.starter.labels import is_heard, read_phones
from recipes.starter.sounds import SILENT, Sounds
from recipes.starter.splices import Example
from recipes.starter.tokens import read_alphabet


class Reader:
    """Reads tokens back."""

    def __init__(self, work: Path) -> None:
        self._sound_of_phone = Sounds(read_phones(work)).of_phone
        self._sound_of_token = np.array(read_alphabet(work).sound_of)

    def read(self, phones: list[int], tokens: list[int]) -> Example | None:
        """The attempt with each token's place, if the tokens say these phonemes and no others."""
        wanted = [self._sound_of_phone[p] if is_heard(p) else SILENT for p in phones]
        end = [SILENT] if wanted[-1] != SILENT else []
        states = np.array([SILENT, *wanted, *end])
        if len(tokens) < len(states):
            return None
        said = self._sound_of_token[tokens]
        right = said[:, None] == states[None]
        order = np.arange(len(states))
        path = viterbi_path(np.where(right, 0.0, -1.0), order, states == SILENT)
        if not right[np.arange(len(path)), path].all():
            return None
        return Example(phones, tokens, (path - 1).clip(0, len(phones) - 1).tolist())
