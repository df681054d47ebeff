"""The phonemes of every recording, as the text front end gives them."""

import json
from pathlib import Path

from rich.progress import track

from mynah.errors import TextError
from mynah.text.frontend import analyse
from mynah.text.symbols import MARKS, SymbolTable
from recipes.starter.corpus import Track


def write_labels(work: Path) -> None:
    """Writes `phones.json`: for every clip its phonemes, none where the words are unknown."""
    clips = Track(work).clips
    texts = sorted({(clip.language, clip.text) for clip in clips if clip.text})
    phones = {key: _phones(*key) for key in track(texts, description="phonemes")}
    rows = [phones[clip.language, clip.text] if clip.text else [] for clip in clips]
    (work / "phones.json").write_text(json.dumps(rows), "utf-8")


def _phones(language: str, text: str) -> list[str]:
    try:
        sentences = analyse(text, language=language, split="cut0")
    except TextError:
        return []
    return [phone for sentence in sentences for phone in sentence.phones]


def read_phones(work: Path) -> list[list[int]]:
    """Phoneme ids of every clip, punctuation included; the networks read these."""
    table = SymbolTable.of("v2")
    return [table.encode(row) for row in json.loads((work / "phones.json").read_text("utf-8"))]


def is_heard(phone: int) -> bool:
    """True if a phoneme id is a sound, not a mark."""
    return SymbolTable.of("v2").symbols[phone] not in MARKS


def read_labels(work: Path) -> tuple[list[list[int]], int]:
    """Ids of the phonemes that can be heard, and the size of their table, for CTC."""
    table = SymbolTable.of("v2")
    rows = json.loads((work / "phones.json").read_text("utf-8"))
    heard = [[phone for phone in row if phone not in MARKS] for row in rows]
    return [table.encode(row) for row in heard], 732
