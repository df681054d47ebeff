"""Constrained decoding: only tokens that continue a sentence's phonemes may be sampled.

A GPT that samples its tokens freely slips now and then: it repeats a word, or leaves one out. Where
each token belongs to the class of one sound, only those that go on with the sentence are allowed,
as a grammar keeps a language model's answer well-formed. The GPT still decides durations and pitch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor

from mynah.starter.token_classes import PAUSE, TokenClasses

LONGEST_SOUND, LONGEST_PAUSE = 8, 15
"""Tokens of 40 ms: more than 98 % of the sounds and pauses in the starter's corpus have."""
MEDIAN = 0.5
"""A sound goes on while it is at least this likely to last beyond its tokens so far."""


@dataclass(frozen=True, slots=True, eq=False)
class PhonemeConstraint:
    """The token classes of a sentence.

    Attributes:
        of_tokens: the class of each token, (tokens,).
        classes: in their order; no two neighbours are alike, and a pause is at either end.
    """

    of_tokens: Tensor
    classes: tuple[int, ...]

    @classmethod
    def of(cls, tables: TokenClasses, phones: Sequence[int]) -> Self | None:
        """The constraint of phoneme ids, as far as tokens can say them; None if they cannot."""
        sayable = {PAUSE, *tables.of_tokens}
        states = [state for state in tables.states(phones).tolist() if state in sayable]
        distinct = (states[0], *(b for a, b in pairwise(states) if a != b))
        return cls(torch.tensor(tables.of_tokens), distinct) if len(distinct) > 1 else None

    def start(self) -> "ConstraintState":
        """The state of a sequence without tokens."""
        return ConstraintState(self)


class ConstraintState:
    """Position of one sequence in its constraint.

    Durations are not sampled: were it decided at random at every token whether a sound goes on,
    lengths would be far more uneven than speech. Each sound lasts for the median of what the GPT
    holds likely, and a pause is made where one is likelier than none.
    """

    def __init__(self, constraint: PhonemeConstraint) -> None:
        self._of_tokens = constraint.of_tokens
        # None is the end.
        self._classes: tuple[int | None, ...] = (*constraint.classes, None)
        self._at = -1
        self._held = 0
        self._lasting = 1.0

    def allowed(self, logits: Tensor) -> Tensor:
        """Mask of the ids that may be sampled next: bool, (tokens + 1,), the last of them EOS.

        Call it once before each `advance`.

        Args:
            logits: of the next id, (tokens + 1,).
        """
        places = self._reachable()
        ids = torch.stack([self._ids(place) for place in places])
        each = logits.cpu().float().masked_fill(~ids, -torch.inf).logsumexp(dim=1)
        probabilities = each.softmax(dim=0)
        if places[0] == self._at:
            self._lasting *= float(probabilities[0])
            if self._lasting >= MEDIAN:
                return ids[0]
            ids, probabilities = ids[1:], probabilities[1:]
        return ids[int(probabilities.argmax())]

    def advance(self, token: int) -> None:
        """Move to the place of a token that was allowed."""
        sound = int(self._of_tokens[token])
        place = next(each for each in self._reachable() if self._classes[each] == sound)
        if place != self._at:
            self._at, self._held, self._lasting = place, 0, 1.0
        self._held += 1

    def _ids(self, place: int) -> Tensor:
        """Mask of the ids of a place's class; EOS at the end."""
        sound = self._classes[place]
        ids = torch.zeros(len(self._of_tokens) + 1, dtype=torch.bool)
        if sound is None:
            ids[-1] = True
        else:
            ids[:-1] = self._of_tokens == sound
        return ids

    def _reachable(self) -> list[int]:
        """Places that the next id may have, the nearest first."""
        classes, at = self._classes, self._at
        longest = LONGEST_PAUSE if at < 0 or classes[at] == PAUSE else LONGEST_SOUND
        here = [at] if at >= 0 and self._held < longest else []
        # Only a pause may be left out.
        ahead = [at + 1, at + 2] if classes[at + 1] == PAUSE else [at + 1]
        # If the same class comes behind a pause, what sounds like it goes on.
        return here + [place for place in ahead if not here or classes[place] != classes[at]]
