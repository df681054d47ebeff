"""Runs of one language within a text, with embedded English lifted out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mynah.text.languages.registry import LANGUAGES, LanguageCode
from mynah.text.scripts import HAN_OR_KANA, HANGUL, LATIN, decide, stretches
from mynah.text.sentence import EMBEDDED, Word
from mynah.text.splitting import ITEM_NUMBER
from mynah.text.units import unit_pattern, units


@dataclass(frozen=True, slots=True)
class LanguageRun:
    """A stretch in one language, with the English inside it lifted out.

    Attributes:
        language: Key of the language's room.
        text: The stretch, with ``EMBEDDED`` where each of ``embedded`` stood.
        embedded: The English stretches in order.
    """

    language: str
    text: str
    embedded: tuple[str, ...] = ()


# A clause, with the number of the list item that it is.
_CLAUSE = re.compile(
    rf"(?:(?:^|(?<=\n)){ITEM_NUMBER})?(?:[^。！？；!?;\n.]|\.(?!\s|$))*[。！？；!?;\n.]*\s*"
)
_ANY_OWN = re.compile(f"{HAN_OR_KANA.pattern}|{HANGUL.pattern}")
_LETTER = LATIN.pattern[1:-1]
# Units after a digit belong to the number, not to English: 5km is read 五千米.
_UNIT = rf"[\d⁰-⁹²³¹]\s?{unit_pattern(units())}"
_MANDARIN_UNITS = unit_pattern({symbol: u for symbol, u in units().items() if u.mandarin})
_MANDARIN_UNIT = rf"(?:[\d百千万亿⁰-⁹²³¹]\s?|[元块角分次人⁰-⁹²³¹]/){_MANDARIN_UNITS}"
_MONEY = (
    rf"(?<![{_LETTER}])(?:US|HK|NT|AU?|CA?|S|NZ)\$(?=\s?\d)"
    rf"|[$€£¥￥]\s?\d[\d.,]*[kKmMbB](?![{_LETTER}])"
)
# Letters that the language around reads: 1920x1080, 第III章.
_SIGN = r"\d\s?[xX](?=\s?\d)|(?<![A-Za-z])[IVX]+(?=[章节卷部届次集幕篇期级度型类])"
# Letters joined to figures are a code, and capitals before a Chinese colon a label, in any
# language: H2SO4, A4, 3D, ID：.
_CODE = (
    rf"(?<!\d)[{_LETTER}\d]*(?:[{_LETTER}]\d|\d[{_LETTER}])[{_LETTER}\d]*"
    rf"|[{_LETTER}][²³⁰-⁹]|[A-Z]+(?=：)"
)
_SAYS_NO_LANGUAGE = re.compile(rf"(?<![{_LETTER}])(?:{_UNIT}|{_MONEY}|{_CODE})")
_WORD = rf"[{_LETTER}]+(?:['.&@/_-]+[{_LETTER}]+|\+\+|(?<=[A-Z])#)*"
# A phrase takes in the figures between its words, and one after it unless that counts in Mandarin.
_FIGURE_AFTER = r"(?: \d+(?:[.,:]\d+)*%?(?![\d.,%]*[㐀-鿿]))?"
_GAP = r"[\s,.:;'\"&%$()\[\]-]++"
_WORDS = rf"{_WORD}(?:(?:{_GAP}(?:\d++(?:[.,:]\d++)*+{_GAP})*{_WORD})+{_FIGURE_AFTER})?"
# An abbreviation by itself: AI, USB. Japanese and Korean read its letters by their own names.
_ABBREVIATION = rf"(?<![{_LETTER}])(?<![{_LETTER}] )[A-Z]{{1,6}}(?![{_LETTER}'])(?!s? [{_LETTER}])"
_ANY_UNIT = rf"[\d十百千万億兆십백천만억⁰-⁹²³¹]\s?{unit_pattern(units())}"
# Letters that are not English, in languages that do not and that do read letters by own names.
_NOT_ENGLISH = {
    False: rf"{_MANDARIN_UNIT}|{_MONEY}|{_SIGN}",
    True: rf"{_ANY_UNIT}|{_MONEY}|{_SIGN}|{_ABBREVIATION}",
}


def language_runs(pieces: Sequence[str], code: LanguageCode) -> list[list[LanguageRun]]:
    """Divide each piece of a clean text into passages of one language.

    A clause of figures, units and codes alone is in the language of the clause before it, in
    whichever piece that is, else of the first one after it that has a language.
    """
    if code.base == "en":
        return [[LanguageRun("en", piece)] for piece in pieces]
    divided = [_divided(piece, code) for piece in pieces]
    languages = iter(_resolved([language for piece in divided for language, _ in piece], code))
    return [
        [
            LanguageRun("en", stretch)
            if language == "en"
            else _lift_english(language, stretch, code)
            for language, stretch in _joined([(next(languages), text) for _, text in piece])
        ]
        for piece in divided
    ]


def _divided(piece: str, code: LanguageCode) -> list[tuple[str | None, str]]:
    """The clauses of a piece, or their stretches, with the languages that they show."""
    return [
        each for clause in _CLAUSE.findall(piece) if clause for each in _of_clause(clause, code)
    ]


def _of_clause(clause: str, code: LanguageCode) -> list[tuple[str | None, str]]:
    if code.by_script and _ANY_OWN.search(clause):
        return [*stretches(clause, code.base)]
    return [(_language_of(clause, code), clause)]


def _resolved(languages: list[str | None], code: LanguageCode) -> list[str]:
    decided = decide(languages, code.base)
    current = next(filter(None, decided), code.base)
    return [current := language or current for language in decided]


def _joined(clauses: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Join neighbouring clauses of one language."""
    joined: list[tuple[str, str]] = []
    for language, clause in clauses:
        if joined and joined[-1][0] == language:
            joined[-1] = language, joined[-1][1] + clause
        else:
            joined.append((language, clause))
    return joined


def _language_of(clause: str, code: LanguageCode) -> str | None:
    if LANGUAGES[code.base].characters.search(clause) or not code.english:
        return code.base
    return "en" if LATIN.search(_SAYS_NO_LANGUAGE.sub("", clause)) else None


def _lift_english(language: str, text: str, code: LanguageCode) -> LanguageRun:
    embedded: list[str] = []

    def lift(match: re.Match[str]) -> str:
        if not match["english"]:
            return match[0]
        embedded.append(match["english"])
        return EMBEDDED

    words = _WORDS if code.english else rf"{_WORD}(?: {_WORD})*"
    kept = _NOT_ENGLISH[LANGUAGES[language].reads_letters]
    marked = re.sub(rf"{kept}|(?P<english>{words})", lift, text)
    return LanguageRun(language, marked, tuple(embedded))


def interleave(
    parts: Sequence[list[Word]], embedded: Sequence[list[Word]], language: str
) -> Iterator[tuple[str, Word]]:
    """Put the English words back between the parts of a passage, each word with its language."""
    for part, english in zip(parts, [*embedded, []], strict=True):
        yield from ((language, word) for word in part)
        yield from (("en", word) for word in english)
