"""Error rates between a reference text and a recogniser's transcript.

Both sides are first written the same way, so that only what an ear can hear counts:
`3.5%` and 百分之三点五, 書 and 书, "colour" and "color" are no errors.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import cn2an
from opencc import OpenCC
from pypinyin import Style, lazy_pinyin
from whisper_normalizer.english import EnglishTextNormalizer

from mynah.training.evaluator import edit_distance

# Written apart, spoken alike, and chosen by a recogniser's grammar rather than its ear;
# 两 is 2 to a recogniser that writes digits.
_SAME_SOUND = str.maketrans("她它牠地得两〇", "他他他的的二零")


def character_error_rate(reference: str, hypothesis: str) -> float:
    """Edits per reference character of Mandarin, 0 if alike; above 1 if much was added."""
    return error_rate([(reference, hypothesis)], "zh")


def word_error_rate(reference: str, hypothesis: str) -> float:
    """Edits per reference word of English, 0 if alike; above 1 if much was added."""
    return error_rate([(reference, hypothesis)], "en")


def error_rate(pairs: Iterable[tuple[str, str]], language: str) -> float:
    """All edits over all reference units of many (reference, hypothesis) texts.

    Units are characters for `zh` and words for every other language.

    Raises:
        ValueError: No reference has a single unit.
    """
    units = mandarin_characters if language == "zh" else english_words
    return _error_rate((units(reference), units(hypothesis)) for reference, hypothesis in pairs)


def syllable_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Edits per reference syllable of Mandarin, homophones alike: pinyin with tones.

    A recogniser that hears every sound of a rare name may still write other characters;
    this rate forgives that where `error_rate` does not.
    """
    return _error_rate((_syllables(reference), _syllables(heard)) for reference, heard in pairs)


def mandarin_characters(text: str) -> list[str]:
    """Characters that are spoken: simplified, numbers spelt out, no punctuation or space."""
    plain = _simplifier().convert(unicodedata.normalize("NFKC", text)).lower()
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", plain)
    spelt = cn2an.transform(plain, "an2cn").translate(_SAME_SOUND)
    return re.findall(r"[^\W_]", spelt)


def english_words(text: str) -> list[str]:
    """Words after Whisper's own English normaliser (Radford et al. 2022, appendix C)."""
    words = str(_english_normalizer()(text)).split()
    return [word for word in words if re.search(r"\w", word)]  # it leaves dots of an ellipsis


def _error_rate(pairs: Iterable[tuple[list[str], list[str]]]) -> float:
    counts = [(edit_distance(reference, heard), len(reference)) for reference, heard in pairs]
    total = sum(length for _, length in counts)
    if total == 0:
        raise ValueError("The reference texts have nothing to compare: give their words.")
    return sum(edits for edits, _ in counts) / total


def _syllables(text: str) -> list[str]:
    return lazy_pinyin("".join(mandarin_characters(text)), style=Style.TONE3)


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


@cache
def _english_normalizer() -> EnglishTextNormalizer:
    return EnglishTextNormalizer()
