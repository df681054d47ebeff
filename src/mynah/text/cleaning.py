"""The caller's characters, reduced to those that a reader could read aloud."""

import re
import unicodedata

# Marks that NFKC would take apart or fold into ASCII although the language rooms read them as
# they are: "…" is a symbol of its own, "￥" is a pause (not the yen sign that NFKC makes of it),
# superscripts are powers and areas, and the Chinese marks tell Chinese text from English.
_AS_WRITTEN = frozenset("…￥℃℉²³¹⁰⁴⁵⁶⁷⁸⁹，：；？！（）")
_FRACTIONS = re.compile(r"(?<=\d)(?=[¼½¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])")
_ROMAN = {chr(0x2160 + n): str(n + 1) for n in range(12)}
_SQUARED_UNITS = {
    "㎟": "mm²", "㎠": "cm²", "㎡": "m²", "㎢": "km²",
    "㎣": "mm³", "㎤": "cm³", "㎥": "m³", "㎦": "km³",
}  # fmt: skip
_SIGNS = frozenset("°℃℉")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "`": "'", "⁄": "/", "−": "-", "–": "-"})
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[\s]*")


def _readable(character: str) -> bool:
    """Keep letters, digits, punctuation, currency and mathematical signs; drop the rest.

    What goes is emoji and other pictures (So), their modifiers and variation selectors (Sk, Mn,
    Me), control, format, private and unassigned characters (C).
    """
    category = unicodedata.category(character)
    return character in _SIGNS or character == "^" or category[0] in "LNPZ" or category in "ScSm"


def _fold(character: str) -> str:
    if character in _AS_WRITTEN:
        return character
    named = _ROMAN.get(character) or _SQUARED_UNITS.get(character)
    folded = named or unicodedata.normalize("NFKC", character)
    # ①② are two numbers, not twelve.
    return folded + " " if unicodedata.category(character) == "No" else folded


def clean(text: str) -> str:
    """Fold variants of characters into one, drop what cannot be read, and tidy blanks.

    Full-width letters and digits become ASCII, ligatures and compatibility forms their letters
    (NFKC, with exceptions), emoji and control characters vanish, runs of blanks become one.
    """
    text = unicodedata.normalize("NFC", _FRACTIONS.sub(" ", text.replace("\r", "\n")))
    text = "".join(map(_fold, text)).translate(_QUOTES)
    text = "".join(c for c in text if c in "\n\t" or _readable(c))
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()
