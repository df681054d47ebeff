"""Text that grows: sentences are given out when they are complete, and none is scanned twice.

The result of each call is that of :func:`mynah.text.splitting.complete_sentences` for all text
that is held; the cost of all calls together is linear in the text.
"""

from mynah.text.splitting import (
    LONGEST_PIECE,
    LOOKBEHIND,
    SHORTEST_PIECE,
    place_to_cut,
    sentence_ends,
)


class SentenceBuffer:
    """Text that is held until its sentences are complete."""

    def __init__(self) -> None:
        self._begin("")

    def add(self, text: str) -> str:
        """Take more text.

        Args:
            text: continues the text before it.

        Returns:
            Complete sentences that were held; empty if there are none.
        """
        if not text:
            return ""
        self._rest += text
        self._settle()
        if len(self._rest) > LONGEST_PIECE:
            return self._give(place_to_cut(self._rest))
        return self._give(0) if self._stripped >= SHORTEST_PIECE else ""

    def flush(self) -> str:
        """All text that is held, complete or not."""
        return self._give(len(self._rest))

    def _begin(self, rest: str) -> None:
        self._settled: list[str] = []
        """Text up to the last end of a sentence."""
        self._before = ""
        """The end of that text, by which marks in the rest are judged."""
        self._stripped = 0
        """Characters of that text without the blanks around it."""
        self._blanks = 0
        """Blanks at its end."""
        self._rest = rest
        self._judged = 0
        """Characters of the rest in which no sentence ends."""

    def _settle(self) -> None:
        """Find the last end of a sentence in the rest."""
        around, start = self._before + self._rest, len(self._before)
        end, undecided = sentence_ends(around, start + self._judged)
        if end > start:
            self._append(around[start:end])
            self._before, self._rest = around[max(0, end - LOOKBEHIND) : end], around[end:]
        self._judged = max(undecided, end) - max(start, end)

    def _append(self, text: str) -> None:
        self._settled.append(text)
        text = text if self._stripped else text.lstrip()
        inked = len(text.rstrip())
        if inked:
            self._stripped += self._blanks + inked
            self._blanks = len(text) - inked
        else:
            self._blanks += len(text)

    def _give(self, number: int) -> str:
        """Give out what is settled, and some characters more."""
        given = "".join([*self._settled, self._rest[:number]])
        self._begin(self._rest[number:])
        return given
