"""Mandarin text normalisation: figures, units and signs become characters.

A table of rules, each a pattern and what is said for it, applied in order: the more a pattern
knows of its surroundings, the earlier it comes. The conventions that the released models were
trained on (幺 in codes, 至 between times, 零下 for temperatures) are PaddleSpeech's.
"""

import re
from functools import cache

from opencc import OpenCC

from mynah.text.languages.mandarin.codes import BARE, CODES, CODES_WITH_LETTERS
from mynah.text.languages.mandarin.comparisons import EXPRESSIONS, RATIOS, SCORES
from mynah.text.languages.mandarin.dates import DATES, TIMES
from mynah.text.languages.mandarin.patterns import Rule, rule
from mynah.text.languages.mandarin.quantities import COUNTS, POWERS, QUANTITIES
from mynah.text.languages.mandarin.tables import GREEK, MARKS, SIGNS
from mynah.text.sentence import EMBEDDED

_SPOKEN_SIGNS = SIGNS | GREEK | {k.upper(): v for k, v in GREEK.items()} | MARKS
RULES: tuple[Rule, ...] = (
    *DATES,
    *SCORES,
    *TIMES,
    *RATIOS,
    *CODES,
    *EXPRESSIONS,
    *QUANTITIES,
    *CODES_WITH_LETTERS,
    *COUNTS,
    *POWERS,
    *BARE,
    rule(r"\.{2,}|…+", lambda _: "…"),
    rule(f"[{re.escape(''.join(_SPOKEN_SIGNS))}]", lambda match: _SPOKEN_SIGNS[match[0]]),
    rule(rf"[^㐀-䶿一-鿿豈-﫿\U00020000-\U000323af,.?!…￥^{EMBEDDED}]+", lambda _: ""),
    rule(r"([,.?!…])[,.?!…]+", lambda match: match[1]),
)
"""In order; they leave characters, the marks ``, . ? ! …``, pauses and ``EMBEDDED``."""


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def normalise(text: str) -> str:
    """Write a Mandarin text in simplified characters and the marks ``, . ? ! …``.

    Pauses (``￥``, ``^``) and ``EMBEDDED`` marks stay; quotes, brackets and whatever else is not
    spoken goes, and of neighbouring marks the first remains.
    """
    text = _converter().convert(text)
    for pattern, say in RULES:
        text = pattern.sub(say, text)
    return text
