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
MEDIAN = 0.5
"""A sound goes on while it is at least this likely to last beyond what has been drawn of it."""


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

    How long a sound lasts is not drawn: were it decided by chance at every token whether one goes
    on, lengths would be far more uneven than speech. Each lasts for the median of what the GPT
    holds likely, and a pause is made where one is likelier than none.

    Args:
        script: what is to be said.
    """

    def __init__(self, script: Script) -> None:
        self._of_tokens = script.of_tokens
        # None is the end.
        self._sounds: tuple[int | None, ...] = (*script.sounds, None)
        self._at = -1
        self._held = 0
        self._lasting = 1.0

    def allowed(self, logits: Tensor) -> Tensor:
        """Which ids may be drawn next: bool, (tokens + 1,), the last of them EOS.

        To be asked once before each `advance`.

        Args:
            logits: of the next id, (tokens + 1,).
        """
        places = self._reachable()
        ids = torch.stack([self._ids(place) for place in places])
        each = logits.cpu().float().masked_fill(~ids, -torch.inf).logsumexp(dim=1)
        chances = each.softmax(dim=0)
        if places[0] == self._at:
            self._lasting *= float(chances[0])
            if self._lasting >= MEDIAN:
                return ids[0]
            ids, chances = ids[1:], chances[1:]
        return ids[int(chances.argmax())]

    def advance(self, token: int) -> None:
        """Takes note of a token that was allowed."""
        sound = int(self._of_tokens[token])
        place = next(each for each in self._reachable() if self._sounds[each] == sound)
        if place != self._at:
            self._at, self._held, self._lasting = place, 0, 1.0
        self._held += 1

    def _ids(self, place: int) -> Tensor:
        """Ids of the sound at a place; EOS at the end."""
        sound = self._sounds[place]
        ids = torch.zeros(len(self._of_tokens) + 1, dtype=torch.bool)
        if sound is None:
            ids[-1] = True
        else:
            ids[:-1] = self._of_tokens == sound
        return ids

    def _reachable(self) -> list[int]:
        """Places in the script that the next id may have, the nearest first."""
        sounds, at = self._sounds, self._at
        longest = LONGEST_PAUSE if at < 0 or sounds[at] == PAUSE else LONGEST_SOUND
        here = [at] if at >= 0 and self._held < longest else []
        # Only a pause may be left out.
        ahead = [at + 1, at + 2] if sounds[at + 1] == PAUSE else [at + 1]
        # If the same sound comes behind a pause, what sounds like it goes on.
        return here + [place for place in ahead if not here or sounds[place] != sounds[at]]
