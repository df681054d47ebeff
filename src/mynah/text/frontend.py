"""The door of the text stage: from a caller's text to sentences of phonemes."""

from dataclasses import replace

from mynah.errors import TextError
from mynah.text import splitting
from mynah.text.breaks import parts, without_breaks
from mynah.text.cleaning import clean
from mynah.text.detection import LanguageRun, interleave, language_runs
from mynah.text.languages.registry import LanguageCode, language_code, language_pack
from mynah.text.sentence import EMBEDDED, Sentence, Word
from mynah.text.symbols import BLANK, MARKS

MAX_CHARACTERS = 50_000
"""Longest text of one call; a novel's chapter fits, and memory stays bounded."""

FEWEST_PHONES = 6
SHORTEST_OPENING = 4

_PAUSES = frozenset(("SP2", "SP3"))
_FULL_STOP = Word(".", (".",))

SpokenWord = tuple[str, Word]
"""A word with the language it is said in."""


def analyse(text: str, language: str = "auto", split: str = "cut5") -> list[Sentence]:
    """Clean, cut, normalise and pronounce a text.

    The pieces follow GPT-SoVITS's rules (``TTS_infer_pack/TextPreprocessor.py``): a text that opens
    with a clause under four characters, and a piece under six phones, get a leading full stop,
    because the models swallow so short a beginning; a piece without a closing mark gets one.

    Args:
        text: At most ``MAX_CHARACTERS`` characters. ``￥`` and ``^`` are pauses in Chinese, and
            ``<break time="1.5s" />`` is a pause of so long between sentences.
        language: One of :data:`mynah.text.languages.registry.CODES`: a language with English in
            it (``zh``), the same with every number in that language (``all_zh``), or by script
            (``auto``, ``auto_yue``).
        split: How to cut, ``cut0`` to ``cut5`` (:func:`mynah.text.splitting.split`).

    Returns:
        At least one sentence.

    Raises:
        TextError: Nothing in the text can be pronounced, or it is too long.
        LanguageError: The language code is unknown, or a package that the language needs is not
            installed.
        OptionError: The split method is unknown.
    """
    code = language_code(language)
    readable = _readable(text)
    spoken, silence = _spoken(readable, code, split)
    if not spoken:
        raise _unpronounceable(language)
    opens_short = 0 < len(splitting.first_clause(without_breaks(readable))) < SHORTEST_OPENING
    sentences = [
        Sentence.of(piece, _closed(_opened(words, opens_short and at == 0)), before or None)
        for at, (before, piece, words) in enumerate(spoken)
    ]
    sentences[-1] = replace(sentences[-1], after=silence)
    return sentences


def _spoken(
    text: str, code: LanguageCode, split: str
) -> tuple[list[tuple[float, str, list[SpokenWord]]], float]:
    """Pieces that have words, each with the seconds of the break before it; those at the end."""
    cut = [(seconds, splitting.split(part, split)) for seconds, part in parts(text)]
    words = iter(_words([piece for _, pieces in cut for piece in pieces], code))
    spoken, silence = [], 0.0
    for seconds, pieces in cut:
        silence = max(silence, seconds)
        for piece, own in zip(pieces, words, strict=False):
            if _says(own):
                spoken.append((silence, piece, own))
                silence = 0.0
    return spoken, silence


def pronounce(text: str, language: str = "auto") -> Sentence:
    """Pronounce a whole text as one sentence, as it stands: not cut and with no mark added.

    Raises:
        TextError: Nothing in the text can be pronounced, or it is too long.
        LanguageError: As of :func:`analyse`.
    """
    code = language_code(language)
    readable = without_breaks(_readable(text)).strip()
    pieces = splitting.split(readable, "cut0")
    words = _thin([word for words in _words(pieces, code) for word in words])
    if not _says(words):
        raise _unpronounceable(language)
    return Sentence.of(readable, words)


def _readable(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        raise TextError(
            f"the text has {len(text)} characters, more than {MAX_CHARACTERS}: send it in parts"
        )
    readable = clean(text)
    if not any(map(str.isalnum, without_breaks(readable))):
        raise TextError("the text has no words: give it letters, characters or figures to say")
    return readable


def _unpronounceable(language: str) -> TextError:
    return TextError(
        f"nothing in the text can be said in {language!r}: use the characters of that language, or"
        " the code of the text's own language"
    )


def _words(pieces: list[str], code: LanguageCode) -> list[list[SpokenWord]]:
    return [
        _thin([word for run in runs for word in _pronounced(run)])
        for runs in language_runs(pieces, code)
    ]


def _pronounced(run: LanguageRun) -> list[SpokenWord]:
    pack, english = language_pack(run.language), language_pack("en")
    parts = pack.normalise(run.text).split(EMBEDDED)
    return list(
        interleave(
            [pack.phonemize(part) for part in parts],
            [english.phonemize(english.normalise(stretch)) for stretch in run.embedded],
            run.language,
        )
    )


def _thin(words: list[SpokenWord]) -> list[SpokenWord]:
    """Of neighbouring marks keep the first, but a pause before a mark.

    Runs of marks make the models leak words of the prompt.
    """
    kept: list[SpokenWord] = []
    for language, word in words:
        if kept and _is_mark(word) and _is_mark(kept[-1][1]):
            if _is_pause(word) and not _is_pause(kept[-1][1]):
                kept[-1] = language, word
        else:
            kept.append((language, word))
    return kept


def _is_pause(word: Word) -> bool:
    return word.phones[0] in _PAUSES


def _is_mark(word: Word) -> bool:
    return word.phones[0] in MARKS or _is_pause(word)


def _says(words: list[SpokenWord]) -> bool:
    return not all(_is_mark(word) or word.phones == (BLANK,) for _, word in words)


def _opened(words: list[SpokenWord], opens_short: bool) -> list[SpokenWord]:
    """Put a full stop before a beginning too short for the models to catch."""
    language, first = words[0]
    short = opens_short or sum(len(word.phones) for _, word in words) < FEWEST_PHONES
    return [(language, _FULL_STOP), *words] if short and not _is_mark(first) else words


def _closed(words: list[SpokenWord]) -> list[SpokenWord]:
    language, last = words[-1]
    return words if _is_mark(last) else [*words, (language, _FULL_STOP)]
