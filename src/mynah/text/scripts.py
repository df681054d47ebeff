"""Scripts: the languages that characters of a clause belong to, where a code goes by script."""

import re
from collections.abc import Iterator, Sequence

HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U000323af々〇]")
HANGUL = re.compile(r"[ᄀ-ᇿㄱ-ㆎ가-힣]")
KANA = re.compile(r"[ぁ-ゖゝ-ゟァ-ヺー-ヿ]")
HAN_OR_KANA = re.compile(rf"{HAN.pattern}|{KANA.pattern}")
LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ]")

EITHER = "han"
"""Han characters that Chinese and Japanese share: their neighbours decide."""

KANA_ALONE = "kana"
"""One kana with nothing to read beside it: a word (え？), or a face's arm in Chinese (ノ)."""

# A stretch of one script, with whatever follows it that shows no language.
_OTHER = rf"[^{HAN.pattern[1:-1]}{HANGUL.pattern[1:-1]}{KANA.pattern[1:-1]}]*"
_STRETCH = re.compile(
    rf"(?P<ja>{KANA.pattern}+){_OTHER}|(?P<ko>{HANGUL.pattern}+){_OTHER}"
    rf"|(?P<han>{HAN.pattern}+){_OTHER}"
)
# Words that make a clause Chinese although Japanese has their characters, too.
_CHINESE_WORD = re.compile(
    r"[麼沒很這們唔她]|那[個裡邊]|還[是有在]|也[是有不]|(?<!国)是(?![非正認々])|[他我]的|叫[做作]|我(?=[一-鿿])(?!我[慢流儘孫])"
)


def stretches(clause: str, base: str) -> Iterator[tuple[str, str]]:
    """Divide a clause that has Han, kana or Hangul into stretches of one language each.

    Han text is Japanese in a clause with kana, unless the clause has Chinese words: then it is
    only where kana stand on both sides.

    Args:
        clause: Its first characters of no language belong to its first stretch.
        base: The Chinese of the text, ``zh`` or ``yue``.

    Yields:
        ``ja``, ``ko``, the base, ``EITHER`` or ``KANA_ALONE``, each with its stretch.
    """
    found = list(_STRETCH.finditer(clause))
    languages = [_language(each, base) for each in found]
    chinese = base in languages
    if chinese and all(len(each["ja"] or "") <= 1 for each in found):
        # 优の良品, ヽ(^o^)ノ.
        languages = [base if language == "ja" else language for language in languages]
    if "ja" in languages:
        languages = [
            language if language != EITHER else _beside_kana(languages, at, base, chinese=chinese)
            for at, language in enumerate(languages)
        ]
    start = 0
    for language, each in zip(languages, found, strict=True):
        yield language, clause[start : each.end()]
        start = each.end()


def _language(stretch: re.Match[str], base: str) -> str:
    han = stretch["han"]
    if han is None:
        return KANA_ALONE if _is_alone(stretch) else stretch.lastgroup or base
    return base if _is_chinese(han) else EITHER


def _is_alone(stretch: re.Match[str]) -> bool:
    if stretch["ja"] is None or len(stretch["ja"]) > 1:
        return False
    start, end = stretch.span("ja")
    beside = stretch.string[max(0, start - 1) : start] + stretch.string[end : end + 1]
    return HAN.search(beside) is None


def _beside_kana(languages: Sequence[str], at: int, base: str, *, chinese: bool) -> str:
    between = languages[max(0, at - 1) : at + 2] == ["ja", EITHER, "ja"]
    return "ja" if between or not chinese else base


def _is_chinese(han: str) -> bool:
    """True for simplified and Cantonese characters, and for words that only Chinese has."""
    try:
        han.encode("cp932")
    except UnicodeEncodeError:
        return True
    return _CHINESE_WORD.search(han) is not None


def decide(languages: Sequence[str | None], base: str) -> list[str | None]:
    """Decide on clauses that their neighbours decide.

    Shared characters are Japanese where all decided neighbours are, a kana alone where none is
    Chinese.
    """
    chosen = [language if language in {"ja", base} else None for language in languages]
    before = _nearest(chosen)
    after = _nearest(chosen[::-1])[::-1]
    return [
        _decided(language, {left, right}, base)
        for language, left, right in zip(languages, before, after, strict=True)
    ]


def _decided(language: str | None, beside: set[str | None], base: str) -> str | None:
    if language == EITHER:
        return "ja" if beside - {None} == {"ja"} else base
    if language == KANA_ALONE:
        return base if base in beside else "ja"
    return language


def _nearest(chosen: Sequence[str | None]) -> list[str | None]:
    last: str | None = None
    return [last := each or last for each in chosen]
