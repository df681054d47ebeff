"""Words whose part of speech decides their sound: to record, a record."""

import gzip
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.tag.perceptron import PerceptronTagger

Phones = tuple[str, ...]


def choose(words: Sequence[str]) -> dict[int, Phones]:
    """Pronounce the homographs of a sentence.

    Args:
        words: The words and marks of one text, as written.

    Returns:
        Pronunciations by position; words that are no homographs are absent.
    """
    rules = _rules()
    positions = [at for at, word in enumerate(words) if word.lower() in rules]
    if not positions:
        return {}
    tags = [tag for _, tag in _tagger().tag(list(words))]
    following = [word.lower() for word in words[1:]] + [""]
    return {at: _sound(rules[words[at].lower()], tags[at], following[at]) for at in positions}


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
