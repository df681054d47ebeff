"""Sentences of common words in no order: what nobody recorded, and in few sentences many sounds."""

import random
from functools import cache

import wordfreq

VOCABULARY = 20_000
FLATTER = 0.55
"""Frequencies to this power: rare words come up too."""
WORDS = {"zh": (3, 12), "en": (4, 14)}
MARKS = {"zh": ("，", "。"), "en": (",", ".")}
BETWEEN = {"zh": "", "en": " "}
LONG = 6


def sentence(language: str, chance: random.Random) -> str:
    """A text of common words of `zh` or `en`, some with a pause in the middle."""
    words, weights = _vocabulary(language)
    chosen = chance.choices(words, weights, k=chance.randint(*WORDS[language]))
    pause, end = MARKS[language]
    if len(chosen) > LONG and chance.random() < 0.5:
        chosen[len(chosen) // 2 - 1] += pause
    return BETWEEN[language].join(chosen) + end


@cache
def _vocabulary(language: str) -> tuple[list[str], list[float]]:
    words = [word for word in wordfreq.top_n_list(language, VOCABULARY) if _is_of(language, word)]
    return words, [wordfreq.word_frequency(word, language) ** FLATTER for word in words]


def _is_of(language: str, word: str) -> bool:
    letters = word.replace("'", "")
    return letters.isalpha() and letters.isascii() == (language == "en")
