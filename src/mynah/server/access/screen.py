"""Word screen: texts with listed words are refused, masked or reported."""

import logging
from collections.abc import Callable, Sequence
from enum import StrEnum

from mynah.server.access.keys import Caller
from mynah.server.access.word_lists import Match, WordLists, Words
from mynah.server.errors import ScreenedError
from mynah.text.sentence import Sentence

_log = logging.getLogger(__name__)


class Mode(StrEnum):
    """Action on a text that has a listed word."""

    REJECT = "reject"
    """Refuse it."""
    MASK = "mask"
    """Replace the word by a pause."""
    REPORT = "report"
    """Speak it, and log the match."""


class Screen:
    """Screen for listed words before synthesis."""

    def __init__(self, lists: WordLists, mode: Mode) -> None:
        self._lists = lists
        self._mode = mode

    def read(
        self, caller: Caller, text: str, analyse: Callable[[str], list[Sentence]]
    ) -> list[Sentence]:
        """Analyse a text and screen it.

        It is searched as it is written, and again after normalisation, where figures have become
        words. Matches that show only then cannot be masked, and are refused.

        Raises:
            ScreenedError: it has a listed word.
            MynahError: raised by `analyse`.
        """
        words = self._lists.current()
        written = words.find(text)
        if written:
            self._note(caller, written)
            text = self._without(words, text)
        sentences = analyse(text)
        spoken = words.find("\n".join(sentence.normalised for sentence in sentences))
        if spoken and not (written and self._mode is Mode.REPORT):
            self._note(caller, spoken)
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
