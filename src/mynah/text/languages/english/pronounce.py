"""Normalised English to phonemes."""

import re
from collections.abc import Sequence

from mynah.text.languages.english import homographs
from mynah.text.languages.english.lexicon import (
    Phones,
    is_drawn_out,
    known,
    letters,
    plural,
    pronounce,
)
from mynah.text.sentence import Word

_TOKEN = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|[,.?!]")
_HUMP = re.compile(r"[A-Z]?[a-z']+|[A-Z]+(?![a-z'])|[A-Z]")
_PLURAL_LETTERS = re.compile(r"[A-Z]{2,}s")
_SHORTEST_ACRONYM_WORD = 4
_AFTER_LETTER = frozenset(str.split("is was has means stands and or to plus minus equals"))

# Short words that are set in capitals for emphasis rather than as initials.
_STRESSED = frozenset(
    str.split(
        "not no yes all any and but you now so do go out new big bad top end one two she her him"
        " his our why how who let may can get see say day way off own too old few"
        # and initials that are said as a word
        " ram pin sim rom lan wan zip gif mac dos cad vat nas"
    )
)


def phonemize(text: str) -> list[Word]:
    """Pronounce normalised English, one word per written word or mark."""
    tokens = [token for written in _TOKEN.findall(text) for token in _parts(written)]
    chosen = homographs.choose(tokens)
    shouted = _is_shouted(tokens)
    words: list[Word] = []
    for at, token in enumerate(tokens):
        said = "a" if token == "A" and _is_article(tokens, at) else token
        phones = chosen.get(at) or ((token,) if token in ",.?!" else _sound(said, shouted))
        words.append(Word(token, phones))
    return words


def _is_article(tokens: Sequence[str], at: int) -> bool:
    """True for an A that begins a sentence and has a word to stand before, as in A dog barked."""
    begins = at == 0 or tokens[at - 1] in ".?!"
    following = tokens[at + 1] if at + 1 < len(tokens) else "."
    return begins and len(following) > 1 and following.lower() not in _AFTER_LETTER


def _parts(written: str) -> list[str]:
    """A hyphened word stays whole where the dictionary has it (twenty-one), else its parts."""
    return [written] if "-" not in written or known(written.lower()) else written.split("-")


def _is_shouted(tokens: Sequence[str]) -> bool:
    """True if most of several words are in capitals, so that capitals say nothing."""
    words = [token for token in tokens if len(token) > 1]
    return len(words) > 2 and sum(map(str.isupper, words)) > len(words) / 2


def _sound(word: str, shouted: bool) -> Phones:
    lower = word.lower()
    if len(word) == 1:
        return pronounce(word) if word == "a" else letters(word)
    if _PLURAL_LETTERS.fullmatch(word):
        return plural(_sound(word[:-1], shouted))
    if lower.endswith("'s") and not known(lower):
        return plural(_sound(word[:-2], shouted))
    if word.isupper():
        said = shouted or _is_word(lower) or is_drawn_out(lower)
        return pronounce(lower) if said else letters(word)
    humps = _HUMP.findall(word)
    if known(lower) or len(humps) == 1:
        return pronounce(lower)
    return tuple(phone for hump in humps for phone in _sound(hump, shouted))


def _is_word(capitals: str) -> bool:
    """True if capitals are said as a word: NASA, COVID or NEVER, but not USA or IBM."""
    if len(capitals) < _SHORTEST_ACRONYM_WORD:
        return capitals in _STRESSED
    return known(capitals)
