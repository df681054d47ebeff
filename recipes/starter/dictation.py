"""Has a public voice say sentences, and writes down when it says each phoneme.

Two hours of a corpus are two thousand sentences, and a prior that has heard each ninety times
knows them by heart: it foresaw others twice as badly. So sentences are made as they are needed, of
common words, and of texts of the corpus in other voices.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time

import soundfile

from mynah.errors import TextError
from mynah.text.frontend import analyse
from recipes.starter import common_words
from recipes.starter.kokoro import Kokoro, Speakers
from recipes.starter.letters import letters
from recipes.starter.spoken import RATE, Letter, trimmed

SPEEDS = {"zh": (0.85, 1.05), "en": (0.8, 1.0)}
"""English of the model's own pace is hard to follow."""
LETTERS = (12, 170)
IN_A_ROW = 2
"""Sentences by each speaker, so that one can be the other's reference."""
INVENTED = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """A line of `metadata.jsonl`: `spans` are places of phonemes with seconds of start and end."""

    file: str
    lang: str
    text: str
    speaker: str
    spans: list[tuple[int, float, float]]


def dictate(
    out: Path, voice: Kokoro, speakers: Speakers, texts: dict[str, list[str]], minutes: float
) -> None:
    """Adds recordings to a folder until the time is over.

    Args:
        out: the folder; recordings that are there stay.
        voice: that speaks.
        speakers: whom to speak as.
        texts: of each language, beside those of common words.
        minutes: to go on for.
    """
    out.mkdir(parents=True, exist_ok=True)
    index = out / "metadata.jsonl"
    number = len(index.read_text("utf-8").splitlines()) if index.exists() else 0
    chance, began = random.Random(number), time()
    with index.open("a", encoding="utf-8") as rows:
        while time() - began < 60 * minutes:
            language = chance.choice(sorted(SPEEDS))
            speaker = speakers.draw(language, chance)
            for text in _texts(texts.get(language, []), language, chance):
                spelt = _spelt(text, language)
                if not LETTERS[0] <= len(spelt) <= LETTERS[1]:
                    continue
                pace = chance.uniform(*SPEEDS[language])
                spoken = trimmed(voice.speak(spelt, speaker, pace))
                row = Row(f"{number:06}.flac", language, text, speaker.name, spoken.spans)
                soundfile.write(out / row.file, spoken.samples, RATE)
                rows.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
                number += 1
            print(f"{number:6d} sentences", flush=True)


def _texts(known: list[str], language: str, chance: random.Random) -> Iterator[str]:
    for _ in range(IN_A_ROW):
        if not known or chance.random() < INVENTED:
            yield common_words.sentence(language, chance)
        else:
            yield chance.choice(known)


def _spelt(text: str, language: str) -> list[Letter]:
    """Letters of a text; none where it is more than a sentence of one language."""
    try:
        (sentence,) = analyse(text, language=language, split="cut0")
        return letters(sentence, language)
    except (TextError, KeyError, ValueError):
        return []
