"""Words that the words around them, or their part of speech, decide: to record, a record."""

import gzip
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.tag.perceptron import PerceptronTagger

Phones = tuple[str, ...]

_WORDS_AROUND = 10


def choose(words: Sequence[str]) -> dict[int, Phones]:
    """Pronounce the homographs of a sentence.

    Args:
        words: The words and marks of one text, as written.

    Returns:
        Pronunciations by position; words that are no homographs are absent.
    """
    chosen = _by_context(words)
    rules = _rules()
    positions = [at for at, word in enumerate(words) if at not in chosen and word.lower() in rules]
    if not positions:
        return chosen
    tags = [tag for _, tag in _tagger().tag(list(words))]
    following = [word.lower() for word in words[1:]] + [""]
    return chosen | {
        at: _sound(rules[words[at].lower()], tags[at], following[at]) for at in positions
    }


def _by_context(words: Sequence[str]) -> dict[int, Phones]:
    """Sounds that ``data/contexts.txt`` knows from the words around; the first that fits."""
    contexts = _contexts()
    chosen: dict[int, Phones] = {}
    for at, word in enumerate(words):
        for sound, before, after in contexts.get(word, contexts.get(word.lower(), [])):
            start = max(0, at - _WORDS_AROUND)
            behind = " ".join(["…"] * (start > 0) + [*words[start:at], ""])
            ahead = " ".join(["", *words[at + 1 : at + 1 + _WORDS_AROUND]])
            if after.match(ahead) and before.search(behind):
                chosen[at] = sound
                break
    return chosen


@cache
def _contexts() -> dict[str, list[tuple[Phones, re.Pattern[str], re.Pattern[str]]]]:
    table = files("mynah.text.languages.english").joinpath("data/contexts.txt")
    contexts: dict[str, list[tuple[Phones, re.Pattern[str], re.Pattern[str]]]] = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        word, sound, *patterns = line.split(" / ")
        contexts.setdefault(word, []).extend(
            (
                tuple(sound.split()),
                re.compile(rf"(?:{before})\Z", re.IGNORECASE),
                re.compile(after, re.IGNORECASE),
            )
            for before, after in (pattern.split("_") for pattern in patterns)
        )
    return contexts


def _sound(rule: tuple[str, Phones, Phones], tag: str, following: str) -> Phones:
    """The first sound when a condition holds: a tag's beginning, with ``+word`` after it."""
    conditions, first, otherwise = rule
    for condition in conditions.split(","):
        beginning, _, word = condition.partition("+")
        if tag.startswith(beginning) and (not word or word == following):
            return first
    return otherwise


@cache
def _rules() -> dict[str, tuple[str, Phones, Phones]]:
    table = (
        files("mynah.text.languages.english")
        .joinpath("data/homographs.txt")
        .read_text(encoding="utf-8")
    )
    rules: dict[str, tuple[str, Phones, Phones]] = {}
    for line in table.splitlines():
        head, first, otherwise = line.split(" / ")
        word, conditions = head.split()
        rules[word] = conditions, tuple(first.split()), tuple(otherwise.split())
    return rules


@cache
def _tagger() -> "PerceptronTagger":
    """NLTK's tagger with its English model, which NLTK itself would download."""
    from nltk.tag.perceptron import PerceptronTagger  # noqa: PLC0415

    packed = files("mynah.text.languages.english").joinpath("data/tagger.json.gz").read_bytes()
    model = json.loads(gzip.decompress(packed))
    tagger = PerceptronTagger(load=False)
    tagger.model.weights = model["weights"]
    tagger.tagdict = model["tagdict"]
    tagger.classes = tagger.model.classes = set(model["classes"])
    return tagger
