"""Streaming decode of one sentence: chunk by chunk while its tokens still come.

Where the chunks end depends on the number of tokens alone, never on when they come, so that
equal tokens sound equal however busy the machine is.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

FIRST_CHUNKS = (8, 9, 25, 73, 97)
"""Tokens of the chunks of a caller's first sentence, the last size again and again: the first sound
comes soon, each chunk is decoded while the ones before it are heard, and later ones waste less work
on what they overlap. With that, all come to lengths that the decoder is made for."""

LATER_CHUNKS = (52, 97)
"""Of other sentences, for which nobody waits in silence; most are one chunk."""

WHOLE_SENTENCE = (sys.maxsize,)
"""Of a model that decodes whole sentences only, and of sound for which nobody waits."""

AHEAD_TOKENS = 4
"""Tokens beyond a chunk's end that it waits for, because sound depends on what follows it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens that are decoded at once.

    Attributes:
        start: first token.
        end: token after the last.
        known: number of tokens that decoding looks at, those after `end` included.
        last: true if the sentence ends here.
    """

    start: int
    end: int
    known: int
    last: bool


@dataclass(slots=True, eq=False, kw_only=True)
class DecodeStream:
    """A sentence's tokens as they come, and how far they are decoded.

    Attributes:
        sizes: tokens of its chunks.
        tokens: that have come.
        ended: true if no more will come.
    """

    sizes: Sequence[int] = FIRST_CHUNKS
    tokens: list[int] = field(default_factory=list)
    ended: bool = False
    _decoded: int = 0
    _chunks: int = 0

    @property
    def chunk(self) -> Chunk | None:
        """The next chunk; None until enough tokens have come, and at the end."""
        start, there = self._decoded, len(self.tokens)
        end = start + self._size(0)
        known = end + AHEAD_TOKENS
        if there >= known:
            return Chunk(start, end, known, last=False)
        if self.ended and there > start:
            return Chunk(start, there, there, last=True)
        return None

    @property
    def has_lookahead(self) -> bool:
        """True if there are tokens for two more chunks, so that decoding need not wait soon."""
        two = self._size(0) + self._size(1)
        return len(self.tokens) >= self._decoded + two + AHEAD_TOKENS

    @property
    def done(self) -> bool:
        """True if every token is decoded."""
        return self.ended and self._decoded == len(self.tokens)

    def advance(self, chunk: Chunk) -> None:
        """Move on behind a chunk that has been decoded."""
        self._decoded = chunk.end
        self._chunks += 1

    def _size(self, later: int) -> int:
        return self.sizes[min(self._chunks + later, len(self.sizes) - 1)]
