"""Dictation: a public voice says sentences in phonemes that last for whole tokens.

So nothing need be aligned afterwards: the voice says our phonemes, not what its own front end makes
of a text, when it is told to, and its own curve tells how high. Speakers differ in their blend of
voices, in their size, which moves formants and pitch together by resampling, and in their pitch.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from mynah.errors import TextError
from mynah.text.frontend import analyse
from recipes.starter import common_words
from recipes.starter.kokoro import PITCH_FRAME, RATE, Kokoro, Speakers, Style
from recipes.starter.letters import letters
from recipes.starter.timing import LEAD, TOKEN, Letter, whole_tokens

SIZES = (0.86, 1.18)
PLAIN = 0.5
"""Share of the speakers whose size is left alone."""
PITCHES = (0.92, 1.08)
SPEEDS = {"zh": (0.85, 1.05), "en": (0.82, 0.98)}
"""English of the model's own pace is hard to follow."""
LETTERS = (12, 170)
IN_A_ROW = 2
"""Sentences by each speaker, so that one can be the other's reference."""
INVENTED = 0.35
QUARTERS = 4
"""Times that the pitch is told in each token."""
STORED_RATE = 48_000
"""Of Opus, in which a day of speech fits into a gigabyte."""
LEVEL = 0.8
RISING = 240
"""Samples at 24 kHz in which what is dictated becomes audible before its first token."""
PEAKS = (0.01, 5.0)
"""Outside of these the voice has failed."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of `metadata.jsonl`.

    Attributes:
        file: in the folder.
        lang: of the text.
        text: what is said.
        speaker: whom no other pair of sentences shares.
        size: by which formants and pitch were moved.
        phones: symbols of the phonemes.
        places: of each token the place of its phoneme, -1 in pauses.
        f0: pitch in hertz, four of each token.
    """

    file: str
    lang: str
    text: str
    speaker: str
    size: float
    phones: list[str]
    places: list[int]
    f0: list[int]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whose sentences are dictated: see `TokenSequence`."""

    name: str
    style: Style
    size: float
    pitch: float


@dataclass(frozen=True, slots=True)
class Dictated:
    """Samples at 48 kHz, if it is heard, and see `TokenSequence`."""

    samples: NDArray[np.float32] | None
    places: list[int]
    f0: list[int]


def texts(folders: Sequence[Path]) -> dict[str, list[str]]:
    """The texts of each language in folders with `metadata.jsonl` rows of lang and text."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        for line in (folder / "metadata.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            found.setdefault(row["lang"], []).append(row["text"])
    return found


def dictate(
    out: Path,
    voice: Kokoro,
    speakers: Speakers,
    known: dict[str, list[str]],
    minutes: float,
    *,
    silent: bool = False,
) -> None:
    """Adds recordings to a folder until the time is over.

    Args:
        out: the folder; recordings that are there stay. One call at a time.
        voice: that speaks.
        speakers: whom to speak as.
        known: texts of each language, beside those of common words.
        minutes: to go on for.
        silent: only what a GPT is to plan is told, how long and how high, which takes a twentieth
            of the time. No folder may have both.
    """
    out.mkdir(parents=True, exist_ok=True)
    index = out / "metadata.jsonl"
    number = len(index.read_text("utf-8").splitlines()) if index.exists() else 0
    chance, began = random.Random(f"{out.name} {number}"), time()
    with index.open("a", encoding="utf-8") as rows:
        while time() - began < 60 * minutes:
            language = chance.choice(sorted(SPEEDS))
            speaker = _speaker(f"{number:06}", speakers.draw(language, chance), chance)
            for text in _texts(known.get(language, []), language, chance):
                spelt, phones = _spelt(text, language)
                if not LETTERS[0] <= len(spelt) <= LETTERS[1]:
                    continue
                speed = chance.uniform(*SPEEDS[language])
                said = say(voice, spelt, phones, speaker, speed, silent=silent)
                file, told = f"{number:06}.opus", (speaker.name, round(speaker.size, 4))
                if said.samples is not None and not _stored(said.samples, out / file):
                    continue
                row = Row(file, language, text, *told, phones, said.places, said.f0)
                rows.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
                rows.flush()
                number += 1
            print(f"{number:6d} sentences", flush=True)


def say(
    voice: Kokoro,
    spelt: Sequence[Letter],
    phones: Sequence[str],
    speaker: Speaker,
    speed: float,
    *,
    silent: bool = False,
) -> Dictated:
    """Says letters for whole tokens each, or only plans to."""
    timing = whole_tokens(spelt, voice.plan(spelt, speaker.style, speed), phones, speaker.size)
    how = spelt, speaker.style, timing.frames, speaker.pitch
    samples, heights = (None, voice.heights(*how)) if silent else voice.speak(*how)
    token = TOKEN * speaker.size  # lasts as a token once it is played at the speaker's size
    count = len(timing.places)
    times = timing.origin + (np.arange(count * QUARTERS) + 0.5) * token / QUARTERS
    frames = (times / PITCH_FRAME).astype(int).clip(0, len(heights) - 1)
    pitch = (heights[frames] * speaker.size).astype(int).tolist()
    if samples is None:
        return Dictated(None, timing.places, pitch)
    begin, length = int(timing.origin * RATE), int(count * token * RATE)
    samples = np.pad(samples, (0, max(0, begin + length - len(samples))))[begin : begin + length]
    samples = _muted(samples, int(LEAD * token * RATE))
    return Dictated(soxr.resample(samples, RATE * speaker.size, STORED_RATE), timing.places, pitch)


def _stored(samples: NDArray[np.float32], path: Path) -> bool:
    """Writes samples at one level, unless the voice has failed; whether it did not."""
    peak = float(np.abs(samples).max())
    if not PEAKS[0] < peak < PEAKS[1]:
        return False
    soundfile.write(path, samples * (LEVEL / peak), STORED_RATE, format="OGG", subtype="OPUS")
    return True


def _muted(samples: NDArray[np.float32], lead: int) -> NDArray[np.float32]:
    """Samples that begin with silence: in English the voice is ahead of its plan at first."""
    rising = np.interp(np.arange(len(samples)), [lead - RISING, lead], [0.0, 1.0])
    return samples * rising.astype(np.float32)


def _speaker(name: str, style: Style, chance: random.Random) -> Speaker:
    size = 1.0 if chance.random() < PLAIN else chance.uniform(*SIZES)
    return Speaker(name, style, size, chance.uniform(*PITCHES))


def _texts(known: list[str], language: str, chance: random.Random) -> Iterator[str]:
    for _ in range(IN_A_ROW):
        if not known or chance.random() < INVENTED:
            yield common_words.sentence(language, chance)
        else:
            yield chance.choice(known)


def _spelt(text: str, language: str) -> tuple[list[Letter], list[str]]:
    """Letters and phonemes of a text; none where it is more than a sentence of one language."""
    try:
        (sentence,) = analyse(text, language=language, split="cut0")
        return letters(sentence, language), list(sentence.phones)
    except (TextError, KeyError, ValueError):
        return [], []
