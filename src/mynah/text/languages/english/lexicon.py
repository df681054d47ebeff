"""Pronunciation of English words: dictionary, word formation, letters, and a spelling model."""

import gzip
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib.resources import files

from mynah.text.languages.english.speller import spell_out

Phones = tuple[str, ...]

_VOICELESS = frozenset(("P", "T", "K", "F", "TH"))
_SIBILANT = frozenset(("S", "Z", "SH", "ZH", "CH", "JH"))
_SHORTEST_PART = 3
_LONGEST_SPELT = 3
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
# So, not soo; but good, not god.
_SHORTENED = (
    (re.compile(r"(.)\1{2,}$"), r"\1"),
    (_DRAWN_OUT, r"\1\1"),
    (_DRAWN_OUT, r"\1"),
)


@cache
def _dictionary() -> dict[str, str]:
    """The CMU dictionary's first pronunciations, with Mynah's own on top."""
    data = files("mynah.text.languages.english").joinpath("data")
    text = gzip.decompress(data.joinpath("cmudict.txt.gz").read_bytes()).decode()
    text += data.joinpath("lexicon.txt").read_text(encoding="utf-8")
    return dict(line.split(" ", 1) for line in text.splitlines())


def known(word: str) -> bool:
    """True if the dictionary has a lower-case word."""
    return word in _dictionary()


def letters(word: str) -> Phones:
    """The names of the letters."""
    return tuple(phone for letter in word.lower() if letter.isalpha() for phone in _letter(letter))


def _letter(letter: str) -> Sequence[str]:
    return ("EY1",) if letter == "a" else _dictionary()[letter].split()


@lru_cache(maxsize=16_384)
def pronounce(word: str) -> Phones:
    """Pronounce a lower-case word of letters and inner apostrophes.

    The dictionary knows 126,000 forms. Others are taken apart: possessives, endings and
    prefixes, compounds of two known words. Short ones are spelt, the rest goes by a small
    sequence-to-sequence model.
    """
    found = _dictionary().get(word)
    if found:
        return tuple(found.split())
    return _shortened(word) or _derived(word) or _compound(word) or _unknown(word)


def _shortened(word: str) -> Phones | None:
    """A word whose letters are drawn out."""
    for pattern, kept in _SHORTENED:
        shorter = pattern.sub(kept, word)
        if shorter != word and len(shorter) > 1 and known(shorter):
            return pronounce(shorter)
    return None


def _derived(word: str) -> Phones | None:
    """A known word with an ending, or after a prefix."""
    if word.endswith(("'s", "s'")):
        return plural(pronounce(word[:-2])) if len(word) > 2 else None
    for ending, say in _ENDINGS.items():
        stem = word.removesuffix(ending)
        base = next((base for base in (stem, stem + "e", stem[:-1]) if known(base)), None)
        if stem != word and base and len(base) >= _SHORTEST_PART:
            return say(pronounce(base))
    for prefix, sound in _PREFIXES.items():
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) > _SHORTEST_PART and known(rest):
            return (*sound.split(), *pronounce(rest))
    return None


def plural(stem: Phones) -> Phones:
    """A word with the ending -s, as a plural or possessive has it."""
    if stem[-1] in _SIBILANT:
        return (*stem, "AH0", "Z")
    return (*stem, "S" if stem[-1] in _VOICELESS else "Z")


def _past(stem: Phones) -> Phones:
    if stem[-1] in ("T", "D"):
        return (*stem, "IH0", "D")
    return (*stem, "T" if stem[-1] in _VOICELESS | {"S", "SH", "CH"} else "D")


def _with(sound: str) -> Callable[[Phones], Phones]:
    return lambda stem: (*stem, *sound.split())


_ENDINGS: dict[str, Callable[[Phones], Phones]] = {
    "s": plural,
    "ed": _past,
    "ing": _with("IH0 NG"),
    "ings": _with("IH0 NG Z"),
    "er": _with("ER0"),
    "ers": _with("ER0 Z"),
    "ly": _with("L IY0"),
    "less": _with("L AH0 S"),
    "ness": _with("N AH0 S"),
    "ful": _with("F AH0 L"),
    "able": _with("AH0 B AH0 L"),
}
_PREFIXES = {
    "un": "AH0 N",
    "re": "R IY0",
    "non": "N AA0 N",
    "pre": "P R IY0",
    "mis": "M IH0 S",
    "anti": "AE2 N T IY0",
}


def _compound(word: str) -> Phones | None:
    """Two known words in one, the split most even."""
    cuts = range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
    fitting = [cut for cut in cuts if known(word[:cut]) and known(word[cut:])]
    if not fitting:
        return None
    cut = min(fitting, key=lambda cut: abs(2 * cut - len(word)))
    return pronounce(word[:cut]) + pronounce(word[cut:])


def is_drawn_out(word: str) -> bool:
    """True for a word with a letter three times in a row, which no spelling has: sooo, mmm."""
    return _DRAWN_OUT.search(word) is not None


def _unknown(word: str) -> Phones:
    plain = word.replace("'", "")
    return letters(plain) if len(plain) <= _LONGEST_SPELT else spell_out(plain)
