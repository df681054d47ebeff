"""Sentences from what comes with free programs: translations, manuals and help pages.

Whoever plans how a sentence is spoken learns from texts, and a corpus of speech has few. Programs
have thousands of sentences in both languages, from instructions to the tales of games.
"""

import gettext
import gzip
import html
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

MOST = 4_000
"""Sentences of a package and language, drawn at random, so that no program's manner prevails."""
CHARACTERS, WORDS = (7, 45), (4, 24)
"""Of a sentence in Mandarin and in English."""

_MANDARIN = re.compile(r"[\u4e00-\u9fff][\u4e00-\u9fff，、；：]*[。！？]")
_ENGLISH = re.compile(r"[A-Z][A-Za-z',;: -]+[.!?]")
_ENDS = {"zh": re.compile(r"[^。！？\n]+[。！？]"), "en": re.compile(r"[^.!?\n]+[.!?](?=\s|$)")}
_HIDDEN = re.compile(r"(?is)<(script|style|pre|code)\b.*?</\1>")
_NEW_LINE = re.compile(r"(?i)<(p|li|td|th|h\d|div|br|dd|dt|title)\b[^>]*>")
_TAG, _FONT, _MACRO = re.compile(r"<[^>]+>"), re.compile(r"\\f[A-Z]"), re.compile(r"(?m)^\..*$")
_WRAPPED = re.compile(r"(?<=[\u4e00-\u9fff，、])\s*\n\s*(?=[\u4e00-\u9fff])")


def gather(packages: Path, out: Path) -> None:
    """Writes the sentences of unpacked packages, a folder each, as `dictation.texts` reads them."""
    out.mkdir(parents=True, exist_ok=True)
    found: dict[str, set[str]] = {"zh": set(), "en": set()}
    for package in sorted(path for path in packages.iterdir() if path.is_dir()):
        of_package: dict[str, set[str]] = {"zh": set(), "en": set()}
        for language, text in _texts(package):
            of_package[language].update(sentences(text, language))
        for language, known in of_package.items():
            drawn = random.Random(package.name).sample(sorted(known), min(MOST, len(known)))
            found[language].update(drawn)
    rows = ({"lang": lang, "text": text} for lang in found for text in sorted(found[lang]))
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (out / "metadata.jsonl").write_text("\n".join(lines), "utf-8")


def sentences(text: str, language: str) -> Iterator[str]:
    """Whole sentences in nothing but the language's own letters and marks."""
    for match in _ENDS[language].finditer(text):
        if language == "zh":
            said = re.sub(r"[\s“”「」‘’]", "", match[0]).replace(",", "，")
            whole, length, bounds = _MANDARIN, len(said), CHARACTERS
        else:
            said = " ".join(match[0].split())
            whole, length, bounds = _ENGLISH, len(said.split()), WORDS
        if whole.fullmatch(said) and bounds[0] <= length <= bounds[1]:
            yield said


def _texts(package: Path) -> Iterator[tuple[str, str]]:
    """Texts whose path says that they are in simplified Chinese, and what they translate."""
    for path in sorted(package.rglob("*")):
        name = str(path.relative_to(package)).replace("-", "_").lower()
        if not path.is_file() or not ("zh_cn" in name or "hans" in name):
            continue
        if path.suffix == ".mo":
            yield from _catalogue(path)
        elif path.suffix in {".html", ".xhtml", ".page"}:
            yield "zh", _WRAPPED.sub("", _plain(path.read_text("utf-8", "ignore")))
        elif path.suffix == ".gz" and "man" in path.parts:
            manual = gzip.decompress(path.read_bytes()).decode("utf-8", "ignore")
            yield "zh", _WRAPPED.sub("", _MACRO.sub("", _FONT.sub("", manual)))


def _catalogue(path: Path) -> Iterator[tuple[str, str]]:
    with path.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    for original, translation in vars(catalogue)["_catalog"].items():
        source = original if isinstance(original, str) else original[0]
        yield "en", _plain(source.rpartition("\x04")[2])
        yield "zh", _plain(translation)


def _plain(text: str) -> str:
    """A text without its marking; what stood by itself is a line of its own."""
    return html.unescape(_TAG.sub("", _NEW_LINE.sub("\n", _HIDDEN.sub(" ", text))))
