"""What a sentence has to say, for models whose tokens have a known meaning.

A GPT that draws its tokens freely slips now and then: it repeats a word, or leaves one out. Where
each token names a sound, only those need be drawn that go on with the sentence, as a grammar keeps
a language model's answer well-formed; how long a sound lasts, and how high it is, stays its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor

from mynah.voice.sounds import PAUSE, Sounds

LONGEST_SOUND, LONGEST_PAUSE = 8, 15
"""Tokens of 40 ms: more than 98 % of the sounds and pauses in the starter's corpus have."""


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """The sounds of a sentence.

    Attributes:
        of_tokens: the sound of each token, (tokens,).
        sounds: in their order; no two neighbours are alike, and a pause is at either end.
    """

    of_tokens: Tensor
    sounds: tuple[int, ...]

    @classmethod
    def of(cls, sounds: Sounds, phones: Sequence[int]) -> Self | None:
        """What phoneme ids ask for, as far as tokens can say it; None if that is nothing."""
        sayable = {PAUSE, *sounds.of_tokens}
        states = [state for state in sounds.states(phones).tolist() if state in sayable]
        apart = (states[0], *(b for a, b in pairwise(states) if a != b))
        return cls(torch.tensor(sounds.of_tokens), apart) if len(apart) > 1 else None


class Recital:
    """How far a row is with its script.

    Args:
        script: what is to be said.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._at = -1
        self._held = 0

    def allowed(self) -> Tensor:
        """Which ids may be drawn next: bool, (tokens + 1,), the last of them EOS."""
        sounds = self._script.sounds
        of_tokens = self._script.of_tokens
        allowed = torch.zeros(len(of_tokens) + 1, dtype=torch.bool)
        for place in self._reachable():
            allowed[:-1] |= of_tokens == sounds[place]
        allowed[-1] = self._at >= len(sounds) - 2  # but the last pause all is said
        return allowed

    def go_on(self, token: int) -> None:
        """Takes note of a token that was allowed."""
        sound = int(self._script.of_tokens[token])
        place = next(each for each in self._reachable() if self._script.sounds[each] == sound)
        self._held = self._held + 1 if place == self._at else 1
        self._at = place

    def _reachable(self) -> list[int]:
        """Places in the script that the next token may have, the nearest first."""
        sounds, at = self._script.sounds, self._at
        longest = LONGEST_PAUSE if at < 0 or sounds[at] == PAUSE else LONGEST_SOUND
        here = [at] if at >= 0 and self._held < longest else []
        ahead = [place for place in (at + 1, at + 2) if place < len(sounds)]
        # Only a pause may be left out.
        return here + (ahead if ahead and sounds[ahead[0]] == PAUSE else ahead[:1])
