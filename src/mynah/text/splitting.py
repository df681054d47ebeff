"""Cutting a text into pieces that are spoken one after another.

The methods are GPT-SoVITS's own (``TTS_infer_pack/text_segmentation_method.py``) under their
names, and ``lines`` is the way of its first API; unlike there, no cut falls inside a number, a
time, an abbreviation or an address.
"""

import re
from collections.abc import Callable, Collection, Iterator
from itertools import islice

from mynah.errors import OptionError

LONGEST_PIECE = 510
SHORTEST_PIECE = 5
_CHARACTERS_OF_CUT2 = 50
_CLAUSES_OF_CUT1 = 4

_CLAUSE_ENDS = "，。？！,.?!~:：—…\n"
_CUT5_ENDS = ",.;?!、，。；：？！…\n"
_SENTENCE_ENDS = ".?!。？！…\n"
_SENTENCE_END = re.compile(f"[{_SENTENCE_ENDS}]")
_ABBREVIATION = re.compile(
    r"\b(?:Mrs?|Ms|Dr|Prof|St|Jr|Sr|vs|etc|Inc|Ltd|Co|Corp|Ave|Blvd|Rd|Mt|Gen|Col|Capt|Lt|Sgt|Rev"
    r"|Apt|Ste|Univ|Hon|Gov|Sen|Rep|Fig|Vol|pp|approx|dept|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
    r"|[A-Za-z](?:\.[A-Za-z])*|No(?=\. \d))\. ",
    re.IGNORECASE,
)
ITEM_NUMBER = r" *[(（]?(?:\d{1,3}|[A-Za-z]|[一二三四五六七八九十]{1,3})(?:[.:](?!\d)|[、)）：])"
"""The number of a list's item, at the beginning of its line."""
_ITEM_NUMBER = re.compile(ITEM_NUMBER)
_LONGEST_ITEM_NUMBER = 6
# A number in a running list: 1、打开 2、放入.
_NUMBER_OF_NEXT = re.compile(r"(?:^|[\s，。；;,.：:])\d{1,2}$")
LOOKBEHIND = 12
"""Characters before a mark by which it is judged; no abbreviation is longer."""
_DAY_AND_YEAR = re.compile(r"\d, [12]\d{3}\b")
_WEEKDAY = re.compile(r"\b(?:Mon|Tues?|Weds?|Thu(?:rs?)?|Fri|Sat|Sun)$")
_DATE = re.compile(r" (?:[A-Z][a-z]{2}\b|\d)")
# Scores in a row are judged together: 25:21、23:25.
_SCORE = re.compile(r" ?\d{1,3}[:：-]\d")


def _ends(text: str, at: int, ends: str) -> bool:
    """True if the mark at a position ends a clause and belongs to no word or number."""
    mark = text[at]
    if mark not in ends or _belongs_to_figures(text, at):
        return False
    after = text[at + 1 : at + 2]
    if mark in ".,:~" and after.isalnum() and after.isascii():
        return mark != "." and not (after.isdigit() and text[at - 1 : at].isdigit())
    if mark == "." and after == " ":
        around = text[max(0, at - LOOKBEHIND) : at + 3]
        return not any(m.end() > len(around) - 2 for m in _ABBREVIATION.finditer(around))
    return True


def _belongs_to_figures(text: str, at: int) -> bool:
    """True for a mark inside a date or a row of scores, or after the number of an item."""
    mark = text[at]
    if mark == "," and _joins_a_date(text, at):
        return True
    if mark in ",，、" and text[at - 1 : at].isdigit() and _SCORE.match(text, at + 1):
        return True
    return mark in ".:：、" and _numbers_an_item(text, at)


def _joins_a_date(text: str, at: int) -> bool:
    if _DAY_AND_YEAR.match(text, at - 1):
        return True
    weekday = _WEEKDAY.search(text[max(0, at - LOOKBEHIND) : at])
    return weekday is not None and _DATE.match(text, at + 1) is not None


def _numbers_an_item(text: str, at: int) -> bool:
    """True for the mark after the number of a list's item: it stays with its item."""
    before = text[max(0, at - _LONGEST_ITEM_NUMBER) : at]
    if text[at] == "、" and not text[at + 1 : at + 2].isdigit() and _NUMBER_OF_NEXT.search(before):
        return True
    line = before.rpartition("\n")[2]
    starts_line = len(line) < len(before) or len(before) == at
    found = _ITEM_NUMBER.match(line + text[at : at + 2]) if starts_line else None
    return found is not None and found.end() > len(line)


def _clauses(text: str, ends: str) -> Iterator[str]:
    """Cut after each run of closing marks, so that "……" or "?!" stays with its clause."""
    start = 0
    for at in range(len(text)):
        closing = _ends(text, at, ends)
        if closing and not (at + 1 < len(text) and text[at + 1] in ends):
            yield text[start : at + 1]
            start = at + 1
    if start < len(text):
        yield text[start:]


def _whole(text: str) -> Iterator[str]:
    yield text


def _four_clauses(text: str) -> Iterator[str]:
    clauses = _clauses(text, _CLAUSE_ENDS)
    while piece := "".join(islice(clauses, _CLAUSES_OF_CUT1)):
        yield piece


def _about_fifty_characters(text: str) -> Iterator[str]:
    pieces = [""]
    for clause in _clauses(text, _CLAUSE_ENDS):
        if len(pieces[-1]) > _CHARACTERS_OF_CUT2:
            pieces.append("")
        pieces[-1] += clause
    if len(pieces) > 1 and len(pieces[-1]) < _CHARACTERS_OF_CUT2:
        last = pieces.pop()
        pieces[-1] += last
    yield from pieces


def _at(ends: str) -> Callable[[str], Iterator[str]]:
    return lambda text: _clauses(text, ends)


METHODS: dict[str, Callable[[str], Iterator[str]]] = {
    "cut0": _whole,
    "cut1": _four_clauses,
    "cut2": _about_fifty_characters,
    "cut3": _at("。\n"),
    "cut4": _at(".\n"),
    "cut5": _at(_CUT5_ENDS),
    "lines": _at("\n"),
}


def split(text: str, method: str) -> list[str]:
    """Cut a text by one of the methods ``cut0`` to ``cut5``, or ``lines``.

    ``cut0`` does not cut, ``cut1`` after every fourth clause, ``cut2`` after about 50 characters,
    ``cut3`` at ``。``, ``cut4`` at ``.``, ``cut5`` at every punctuation mark; the last three
    also cut at the end of a line, and ``lines`` only there. Pieces without a letter or digit are
    dropped, pieces under five characters join the next one, and pieces over 510 characters are
    cut at a mark or blank.

    Raises:
        OptionError: There is no such method.
    """
    if method not in METHODS:
        raise OptionError(f"unknown split method {method!r}: use one of {', '.join(METHODS)}")
    spoken = (piece for piece in METHODS[method](text) if any(map(str.isalnum, piece)))
    return [part for piece in _join_short(spoken) for part in _cut_long(piece)]


def break_lines(text: str, marks: Collection[str]) -> str:
    """End the line after each clause that ends with one of some marks (``cut_text`` of api.py)."""
    return "\n".join(_clauses(text, "".join(marks))) if marks else text


def complete_sentences(text: str) -> tuple[str, str]:
    """Split a text that still grows into what can be spoken already, and the rest.

    A full stop ends a sentence only once two characters after it show that it belongs to no
    number or abbreviation. Sentences under five characters wait for the next one, and what is
    longer than 510 characters without an end is cut as :func:`split` would cut it.
    """
    end, _ = sentence_ends(text, 0)
    ready = text[:end]
    rest = text[len(ready) :]
    if len(rest) > LONGEST_PIECE:
        cut = len(ready) + place_to_cut(rest)
        return text[:cut], text[cut:]
    return (ready, rest) if len(ready.strip()) >= SHORTEST_PIECE else ("", text)


def sentence_ends(text: str, start: int) -> tuple[int, int]:
    """The end of the last complete sentence, and the first mark that more text may make one.

    Args:
        text: still grows.
        start: marks before it are passed over.

    Returns:
        The place after the end, 0 if no sentence ends; the place of the undecided mark, or the
        length of the text.
    """
    end, undecided = 0, len(text)
    for found in _SENTENCE_END.finditer(text, start):
        at = found.start()
        if text[at] == "." and at + 2 >= len(text):
            undecided = min(undecided, at)
        elif _ends(text, at, _SENTENCE_ENDS):
            end = at + 1
    return end, undecided


def first_clause(text: str) -> str:
    """The text before its first closing mark."""
    return next(_clauses(text, _CLAUSE_ENDS)).rstrip(_CLAUSE_ENDS)


def _join_short(pieces: Iterator[str]) -> list[str]:
    joined: list[str] = []
    pending = ""
    for piece in pieces:
        pending = _join(pending, piece)
        if len(pending.strip()) >= SHORTEST_PIECE:
            joined.append(pending)
            pending = ""
    if pending:
        joined[-1:] = [_join(joined[-1], pending) if joined else pending]
    return [piece.strip() for piece in joined]


def _join(left: str, right: str) -> str:
    """Join two pieces with the end of line or the blank that was between them."""
    before, after = left.rstrip(), right.lstrip()
    between = left[len(before) :] + right[: len(right) - len(after)]
    blank = before[-1:].isascii() and after[:1].isascii()
    return before + ("\n" if "\n" in between else " " if before and blank else "") + after


def _cut_long(piece: str) -> Iterator[str]:
    """Cut before the limit."""
    while len(piece) > LONGEST_PIECE:
        cut = place_to_cut(piece[:LONGEST_PIECE])
        yield piece[:cut].strip()
        piece = piece[cut:]
    if piece.strip():
        yield piece.strip()


def place_to_cut(head: str) -> int:
    """Place to cut a text in which no sentence ends.

    After the last clause end, else after the last blank, else at the end.
    """
    clause = max((at + 1 for at in range(len(head) - 1) if _ends(head, at, _CUT5_ENDS)), default=0)
    return clause or head.rfind(" ") + 1 or len(head)
