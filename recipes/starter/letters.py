"""Our phonemes in Kokoro's letters, so that it says exactly what the labels claim.

Left to its own front end it reads some characters otherwise and knows no tone sandhi.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import accumulate, groupby

import rjieba
from misaki.zh import ZHG2P
from pypinyin.constants import PINYIN_DICT

from mynah.text.languages.mandarin.syllable import phones_of
from mynah.text.sentence import Sentence, Span
from mynah.text.symbols import MARKS
from recipes.starter.timing import Letter

ARPABET = dict(
    each.split(":")
    for each in str.split(
        "AA:ɑ AE:æ AH:ʌ AO:ɔ AW:W AY:I EH:ɛ ER:ɜɹ EY:A IH:ɪ IY:i OW:O OY:Y UH:ʊ UW:u B:b CH:ʧ D:d"
        " DH:ð F:f G:ɡ HH:h JH:ʤ K:k L:l M:m N:n NG:ŋ P:p R:ɹ S:s SH:ʃ T:t TH:θ V:v W:w Y:j Z:z"
        " ZH:ʒ"
    )
)
UNSTRESSED = {"AH0": "ə", "ER0": "əɹ"}
STRESSES = {"1": "ˈ", "2": "ˌ"}
WEAK = frozenset(
    str.split(
        "the of a an to and in is was for on at by with as that from or but be are were his her"
        " their its my your our it he she they we you i had has have would could should can will"
        " not this"
    )
)
"""Words that are not stressed in a sentence, though their dictionary forms are."""
TONES = "→↗↘↓"
BREATH, NON_SYLLABIC = "ʰ", "\u032f"
WITHOUT_ONSET = frozenset(("y", "w", "AA", "EE", "OO"))
"""Onsets that are the beginning of a vowel."""
OTHER_MARKS = {"…": ",", "-": ","}


def letters(sentence: Sentence, language: str) -> list[Letter]:
    """Letters of a sentence of one language.

    Raises:
        KeyError: Something in it cannot be written, such as a word of another language.
    """
    written = _mandarin(sentence) if language == "zh" else _english(sentence)
    spelt: list[Letter] = []
    for letter in written:
        if letter.text in MARKS and spelt and spelt[-1].text == " ":
            spelt.pop()
        spelt.append(letter)
    while spelt and spelt[-1].text == " ":
        spelt.pop()
    return spelt


def _mark(mark: str) -> Iterator[Letter]:
    yield Letter(OTHER_MARKS.get(mark, mark))
    yield Letter(" ")


def _english(sentence: Sentence) -> Iterator[Letter]:
    for span in sentence.spans:
        phones = sentence.phones[span.start : span.end]
        if phones[0] in MARKS:
            yield from _mark(phones[0])
            continue
        for place, phone in enumerate(phones, span.start):
            if span.text.lower() not in WEAK or phone[-1] != "1":
                yield from (Letter(STRESSES[s], (place,)) for s in phone[-1] if s in STRESSES)
            text = UNSTRESSED.get(phone) or ARPABET[phone.rstrip("012")]
            yield from (Letter(each, (place,)) for each in text)
        yield Letter(" ")


def _mandarin(sentence: Sentence) -> Iterator[Letter]:
    last = _last_of_words(sentence.spans)
    for span in sentence.spans:
        phones = sentence.phones[span.start : span.end]
        if phones[0] in MARKS:
            yield from _mark(phones[0])
            continue
        if span.language != "zh":
            raise KeyError(span.text)
        yield from _syllable(phones[0], phones[1], span.start)
        if span in last:
            yield Letter(" ")


def _last_of_words(spans: tuple[Span, ...]) -> set[Span]:
    """The last character of each word."""
    ends: set[Span] = set()
    for is_word, group in groupby(spans, lambda span: span.end - span.start == 2):
        run = list(group)
        if is_word:
            words = rjieba.cut("".join(span.text for span in run))
            ends.update(run[end - 1] for end in accumulate(map(len, words)))
    return ends


def _syllable(onset: str, final: str, place: int) -> Iterator[Letter]:
    spelling = _spellings()[onset, final[:-1]] + final[-1]
    text = ZHG2P.py2ipa(spelling).replace(NON_SYLLABIC, "")
    if onset not in WITHOUT_ONSET:
        begun = 2 if text[1:2] == BREATH else 1
    elif sum(each not in TONES for each in text) > 1:
        begun = 1  # a glide is written
    else:
        begun = 0
        yield Letter(text[0], (place, place + 1))
        text = text[1:]
    yield from (Letter(each, (place,)) for each in text[:begun])
    yield from (Letter(each, (place + 1,)) for each in text[begun:])


@cache
def _spellings() -> dict[tuple[str, str], str]:
    """The pinyin of each onset and final without its tone."""
    readings = {each for row in PINYIN_DICT.values() for each in row.split(",")}
    spellings: dict[tuple[str, str], str] = {}
    for syllable in sorted(map(_plain, readings)):
        phones = phones_of(syllable, 1)
        if phones:
            spellings.setdefault((phones[0], phones[1][:-1]), syllable)
    return spellings


def _plain(pinyin: str) -> str:
    """Pinyin without its tone; ü is `v`."""
    parts = unicodedata.normalize("NFD", pinyin).replace("u\u0308", "v")
    return "".join(each for each in parts if not unicodedata.combining(each))
