"""Word lists of an operator, searched in one pass and reloaded when they change."""

import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ahocorasick_rs import AhoCorasick

from mynah.errors import OptionError
from mynah.server.access.unicode_folding import fold, joined

MASK = " , "
"""Replacement of a word: a short silence."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A word of a list, and its file and line, such as `insults.txt:12`."""

    word: str
    place: str


@dataclass(frozen=True, slots=True)
class Match:
    """A word in a text, from its first character to after its last, and the place of its entry."""

    start: int
    end: int
    place: str


class Words:
    """Matcher of words in any disguise (see `mynah.server.access.unicode_folding`).

    A word of letters is found only as a word: `ass` in `a s s`, not in `class`.

    Raises:
        OptionError: an entry has no letter, character or figure.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = list(entries)
        folded = [fold(entry.word).text for entry in self._entries]
        for entry, word in zip(self._entries, folded, strict=True):
            if not word:
                raise OptionError(f"{entry.place} has no letters; correct the line or drop it.")
        self._automaton = AhoCorasick(folded)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, text: str) -> list[Match]:
        """All words in a text, overlapping ones too."""
        folded = fold(text)
        found = self._automaton.find_matches_as_indexes(folded.text, overlapping=True)
        matches = (
            Match(folded.places[start], folded.places[end - 1] + 1, self._entries[number].place)
            for number, start, end in found
        )
        return [match for match in matches if _stands_alone(match, text)]

    def masked(self, text: str) -> str:
        """The text with every word replaced by a pause."""
        while matches := self.find(text):
            # The rest around a pause may be a word again.
            text = _replaced(text, matches)
        return text


class WordLists:
    """The lists of a folder, `*.txt` in UTF-8 with a word on each line; `#` begins a comment.

    Raises:
        OptionError: the folder or a file cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read_at = _state(folder)
        self._words = Words(_entries(folder))

    def current(self) -> Words:
        """The words as the files have them now.

        While they cannot be read, the error is logged and the previous words hold.
        """
        with self._lock:
            state = _state(self._folder)
            if state != self._read_at:
                self._read_at = state
                self._read()
            return self._words

    def _read(self) -> None:
        try:
            self._words = Words(_entries(self._folder))
        except OptionError as error:
            _log.error("word lists failed", extra={"reason": str(error)})
        else:
            _log.info("word lists read", extra={"words": len(self._words)})


def _stands_alone(match: Match, text: str) -> bool:
    before, after = text[: match.start][-1:], text[match.end : match.end + 1]
    return not (
        (before and joined(before, text[match.start]))
        or (after and joined(text[match.end - 1], after))
    )


def _replaced(text: str, matches: Sequence[Match]) -> str:
    parts, position = [], 0
    for match in sorted(matches, key=lambda match: match.start):
        if match.start >= position:
            parts += [text[position : match.start], MASK]
        position = max(position, match.end)
    return "".join([*parts, text[position:]])


def _state(folder: Path) -> list[tuple[str, int, int]]:
    try:
        found = [(path.name, path.stat()) for path in sorted(folder.glob("*.txt"))]
    except OSError:
        return []
    return [(name, status.st_mtime_ns, status.st_size) for name, status in found]


def _entries(folder: Path) -> list[Entry]:
    if not folder.is_dir():
        raise OptionError(f"There is no folder {folder}; make it, or set another for word lists.")
    return [entry for path in sorted(folder.glob("*.txt")) for entry in _entries_of(path)]


def _entries_of(path: Path) -> list[Entry]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise OptionError(f"{path} cannot be read as UTF-8; save it so.") from None
    return [
        Entry(line.strip(), f"{path.name}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
