"""Normalised Cantonese to phonemes: the initial and the final of each syllable."""

import re
from collections.abc import Iterator

from ToJyutping import get_jyutping_list

from mynah.text.languages.mandarin.pronounce import PAUSES
from mynah.text.sentence import Word
from mynah.text.symbols import MARKS

_CLAUSE = re.compile(r"[^,.?!…￥^]+|[,.?!…￥^]")
_SYLLABLE = re.compile(
    r"(?P<initial>ng(?=[aeiou])|[gk]w|[bpmfdtnlgkhwzcsj](?=[aeiouy]))?(?P<final>\D+)(?P<tone>\d)"
)
_HUMMED = re.compile("^h(?=m|ng)")
# Beginnings of finals that the released models have as initials of syllables without one.
_BEGINNING = re.compile(r"aa|ai|au|ak|a|on|ou|oi|ok|o|e|uk|m|ng")
# Rare finals that they have no symbol for, and the nearest that they have.
_NEAREST = {"eu": "iu", "ep": "ip", "em": "im", "en": "in", "et": "it", "oet": "eot"}
_INITIAL_OF = {"aang": "ng", "ang": "ng", "ung": "ng", "ik": "j", "it": "j"}


def phonemize(text: str) -> list[Word]:
    """Pronounce normalised Cantonese, one word per character or mark.

    A character without a reading is left out.
    """
    return [word for clause in _CLAUSE.findall(text) for word in _clause(clause)]


def _clause(clause: str) -> Iterator[Word]:
    if clause in PAUSES:
        yield Word(",", (PAUSES[clause],))
    elif clause in MARKS:
        yield Word(clause, (clause,))
    else:
        for character, reading in get_jyutping_list(clause):
            if reading:
                yield Word(character, phones_of(reading))


def phones_of(reading: str) -> tuple[str, ...]:
    """Symbols of a Jyutping reading of one or more syllables: ``gwong2`` is ``Ygw Yong2``.

    A syllable without an initial is divided within its final: ``aai3`` is ``Yaa Yi3``, and
    ``aa3``, of which nothing is left then, is ``Yaa Ya3``.
    """
    return tuple(phone for syllable in reading.split() for phone in _phones(syllable))


def _phones(syllable: str) -> tuple[str, str]:
    found = _SYLLABLE.fullmatch(_HUMMED.sub("ha", syllable))
    if found is None:
        raise ValueError(f"not a syllable of Jyutping: {syllable!r:.20}")
    initial, final, tone = found.groups()
    final = _NEAREST.get(final, final)
    initial = initial or _INITIAL_OF.get(final, "")
    if not initial:
        beginning = _BEGINNING.match(final)
        initial = beginning[0] if beginning else final
        final = final[len(initial) :] or initial[-1]
    return f"Y{initial}", f"Y{final}{tone}"
