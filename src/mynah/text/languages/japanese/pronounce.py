"""Normalised Japanese to phonemes with marks of pitch.

The symbols of an accent phrase are OpenJTalk's phonemes with ``[`` where the pitch rises, ``]``
where it falls and ``UNK`` at the phrase's end: the released models were trained with a symbol
for that which their table lacks.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from mynah.text.languages.japanese import openjtalk
from mynah.text.languages.japanese.normalise import POINT
from mynah.text.languages.japanese.openjtalk import Morpheme
from mynah.text.sentence import Word
from mynah.text.symbols import MARKS

RISE, FALL, PHRASE_END = "[", "]", "UNK"
LONGEST = 500
"""Characters that OpenJTalk is given at once; its buffer has 8,192 bytes."""

_CLAUSE = re.compile(r"[^,.?!…-]+|[,.?!…-]")
_SILENCE = "sil"
# What ends a mora; a devoiced vowel is a capital.
_MORA_ENDS = frozenset([*"aeiouAEIOUN", "cl"])
# A label's phoneme, its mora's place from the accent and from both ends of the accent phrase, and
# the phrase's moras.
_LABEL = re.compile(r"-([^+]*)\+.*?/A:([^+]+)\+([^+]+)\+([^/]+)/.*?/F:([^_]+)_")
_NOWHERE = -50
_KANJI_FIGURES = "〇一二三四五六七八九"
_TEN = 10


class _Phone(NamedTuple):
    name: str
    from_accent: int
    from_start: int
    from_end: int
    moras: int

    @property
    def ends_mora(self) -> bool:
        return self.name in _MORA_ENDS


def phonemize(text: str) -> list[Word]:
    """Pronounce normalised Japanese: words as OpenJTalk divides it, and marks.

    What OpenJTalk cannot read is left out.

    Raises:
        LanguageError: OpenJTalk has no dictionary.
    """
    words: list[Word] = []
    for clause in _CLAUSE.findall(text):
        words.extend([Word(clause, (clause,))] if clause in MARKS else _clause(clause))
    return words


def _clause(text: str) -> list[Word]:
    """Pronounce text without marks; a blank ends an accent phrase."""
    parts = [
        part[at : at + LONGEST] for part in text.split() for at in range(0, len(part), LONGEST)
    ]
    spoken = [words for words in map(_part, parts) if words]
    for words in spoken[:-1]:
        words[-1] = Word(words[-1].text, (*words[-1].phones, PHRASE_END))
    return [word for words in spoken for word in words]


def _part(text: str) -> list[Word]:
    # OpenJTalk complains of a phrase that begins with the mark of a long vowel.
    read = openjtalk.analyse(text.lower().lstrip("ー"))
    morphemes = [each for each in read if each["mora_size"]]
    if not morphemes:
        return []
    phones = [_phone(label) for label in openjtalk.labels(morphemes)]
    spoken = [
        (phone, _symbols(phone, following))
        for phone, following in pairwise(phones)
        if phone.name != _SILENCE
    ]
    return [*_words(morphemes, spoken)]


def _phone(label: str) -> _Phone:
    found = _LABEL.search(label)
    if found is None:
        raise ValueError(f"OpenJTalk's label has another form: {label!r:.80}")
    name, *places = found.groups()
    return _Phone(name, *(_NOWHERE if place == "xx" else int(place) for place in places))


def _symbols(phone: _Phone, following: _Phone) -> tuple[str, ...]:
    """A phoneme with the mark of pitch after it, if there is one."""
    name = phone.name.lower() if phone.name in "AEIOU" else phone.name
    if phone.ends_mora and phone.from_end == following.from_start == 1:
        return name, PHRASE_END
    within = following.from_start == phone.from_start + 1
    if phone.from_accent == 0 and within and phone.from_start != phone.moras:
        return name, FALL
    return (name, RISE) if phone.from_start == 1 and within else (name,)


def _words(
    morphemes: Sequence[Morpheme], spoken: Sequence[tuple[_Phone, tuple[str, ...]]]
) -> Iterator[Word]:
    """Give each morpheme the symbols of its moras; all to one where the numbers differ."""
    sizes = [each["mora_size"] for each in morphemes]
    if sum(phone.ends_mora for phone, _ in spoken) != sum(sizes):
        morphemes = [Morpheme(string="".join(m["string"] for m in morphemes), mora_size=1)]
        sizes = [len(spoken)]
    left = iter(spoken)
    for morpheme, size in zip(morphemes, sizes, strict=True):
        symbols: list[str] = []
        moras = 0
        while moras < size and (each := next(left, None)):
            moras += each[0].ends_mora
            symbols.extend(each[1])
        if symbols:
            yield Word(_written(morpheme), tuple(symbols))


def _written(morpheme: Morpheme) -> str:
    """A morpheme in words: OpenJTalk leaves figures in some, ０ and １０月."""
    string = morpheme["string"].replace(POINT, "点").upper()
    return re.sub(r"\d{1,2}", lambda m: _number(int(m[0])), unicodedata.normalize("NFKC", string))


def _number(value: int) -> str:
    tens, ones = divmod(value, _TEN)
    if not tens:
        return _KANJI_FIGURES[ones]
    return (
        (_KANJI_FIGURES[tens] if tens > 1 else "") + "十" + (_KANJI_FIGURES[ones] if ones else "")
    )
