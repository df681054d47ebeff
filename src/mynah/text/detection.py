"""Runs of one language within a text, with embedded English lifted out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mynah.text.languages.registry import LanguageCode
from mynah.text.sentence import EMBEDDED, Word


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


_CLAUSE = re.compile(r"(?:[^。！？；!?;\n.]|\.(?!\s|$))*[。！？；!?;\n.]*\s*")
_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U000323af々〇]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
# Units after a digit belong to the number, not to English: 5km is read 五千米.
_UNIT = (
    r"\d\s?(?:km/h|m/s|km²|cm²|m²|cm³|m³|mm|cm|dm|km|kg|mg|ml|mL|dB|db|kW|kWh|Hz|kHz|MHz|GHz|ms"
    r"|m|g|h|s|t|L)(?![A-Za-z0-9])"
)
_WORD = r"[A-Za-zÀ-ɏ]+(?:['.&@/_+-]+[A-Za-zÀ-ɏ]+|\+\+|(?<=[A-Z])#)*"
# A phrase takes in the figures between its words, and one after it unless that counts in Mandarin.
_FIGURE_AFTER = r"(?: \d+(?:[.,:]\d+)*%?(?![\d.,%]*[㐀-鿿]))?"
_WORDS = rf"{_WORD}(?:(?:[\s\d,.:;'\"&%$()\[\]+-]+{_WORD})+{_FIGURE_AFTER})?"


def language_runs(text: str, code: LanguageCode) -> list[LanguageRun]:
    """Divide clean text into passages of one language each."""
    if code.base == "en":
        return [LanguageRun("en", text)]
    return [
        LanguageRun("en", stretch) if language == "en" else _lift_english(language, stretch, code)
        for language, stretch in _by_clause(text, code)
    ]


def _by_clause(text: str, code: LanguageCode) -> Iterator[tuple[str, str]]:
    """Join neighbouring clauses of one language; a clause of digits alone goes on as before."""
    language, stretch = code.base, ""
    for clause in _CLAUSE.findall(text):
        here = _language_of(clause, code) or (language if stretch else code.base)
        if here != language and stretch:
            yield language, stretch
            stretch = ""
        language = here
        stretch += clause
    if stretch:
        yield language, stretch


def _language_of(clause: str, code: LanguageCode) -> str | None:
    if _HAN.search(clause) or not code.english:
        return code.base
    return "en" if _LATIN.search(clause) else None


def _lift_english(language: str, text: str, code: LanguageCode) -> LanguageRun:
    embedded: list[str] = []

    def lift(match: re.Match[str]) -> str:
        if match["unit"]:
            return match[0]
        embedded.append(match["english"])
        return EMBEDDED

    words = _WORDS if code.english else _WORD
    marked = re.sub(rf"(?P<unit>{_UNIT})|(?P<english>{words})", lift, text)
    return LanguageRun(language, marked, tuple(embedded))


def interleave(
    parts: Sequence[list[Word]], embedded: Sequence[list[Word]], language: str
) -> Iterator[tuple[str, Word]]:
    """Put the English words back between the parts of a passage, each word with its language."""
    for part, english in zip(parts, [*embedded, []], strict=True):
        yield from ((language, word) for word in part)
        yield from (("en", word) for word in english)
