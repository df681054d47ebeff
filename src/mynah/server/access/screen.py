"""What may not be spoken: refused, left out or only noted, and noted without the words."""

import logging
from collections.abc import Callable, Sequence
from enum import StrEnum

from mynah.server.access.keys import Caller
from mynah.server.access.word_lists import Match, WordLists, Words
from mynah.server.errors import ScreenedError
from mynah.text.sentence import Sentence

_log = logging.getLogger(__name__)


class Mode(StrEnum):
    """What is done with a text that has a word of the lists."""

    REJECT = "reject"
    """It is refused."""
    MASK = "mask"
    """The word becomes a pause."""
    REPORT = "report"
    """It is spoken; the log tells of it."""


class Screen:
    """Looks through texts before they are spoken.

    Args:
        lists: the words.
        mode: what is done when one is found.
    """

    def __init__(self, lists: WordLists, mode: Mode) -> None:
        self._lists = lists
        self._mode = mode

    def read(
        self, caller: Caller, text: str, analyse: Callable[[str], list[Sentence]]
    ) -> list[Sentence]:
        """Analyses a text that may be spoken.

        It is looked through as it is written, and again as it will be said, where figures have
        become words. What shows only then cannot be masked, so it is refused.

        Raises:
            ScreenedError: it may not.
            MynahError: whatever `analyse` raises.
        """
        words = self._lists.current()
        written = words.find(text)
        if written:
            self._note(caller, written)
            text = self._without(words, text)
        sentences = analyse(text)
        said = words.find("\n".join(sentence.normalised for sentence in sentences))
        if said and not (written and self._mode is Mode.REPORT):
            self._note(caller, said)
            if self._mode is not Mode.REPORT:
                raise _refusal()
        return sentences

    def _without(self, words: Words, text: str) -> str:
        if self._mode is Mode.REJECT:
            raise _refusal()
        return words.masked(text) if self._mode is Mode.MASK else text

    def _note(self, caller: Caller, matches: Sequence[Match]) -> None:
        places = sorted({match.place for match in matches})
        facts = {"mode": self._mode.value, "caller": caller.id, "entries": places}
        _log.warning("screened", extra=facts)


def _refusal() -> ScreenedError:
    return ScreenedError("The text has words that this server does not speak; rephrase it.")
