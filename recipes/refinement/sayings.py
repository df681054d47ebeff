"""Dictated sentences in the tokens of a starter; time and pitch of each phoneme are known.

Nothing is aligned and nothing listened to: the voice spoke at lengths of whole tokens, and told its
pitch (`recipes.starter.dictation`).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mynah.starter.token_classes import PAUSE, TokenClasses
from mynah.text.symbols import SymbolTable
from recipes.starter.timing import UNKNOWN

LOWEST_PITCH = 50.0
"""Hertz; below it is no voice."""
LEAST_SUNG = 3
"""Tokens with a pitch, without which a recording has no middle."""
HELD_OUT = 45
"""One speaker in so many is only measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Saying:
    """A recording.

    Attributes:
        path: of the recording.
        language: of the words.
        speaker: who speaks; no other folder has their speakers.
        phones: ids, (phones,).
        places: of each token the place of its phoneme, -1 in pauses, (tokens,).
        sounds: of each token, (tokens,).
        tokens: ids, (tokens,).
        pitch: hertz, (tokens, times in each).
    """

    path: Path
    language: str
    speaker: str
    phones: NDArray[np.int64]
    places: NDArray[np.int64]
    sounds: NDArray[np.int64]
    tokens: NDArray[np.int64]
    pitch: NDArray[np.float64]


def read(folders: Sequence[Path], sounds: TokenClasses) -> list[Saying]:
    """All recordings of folders that `dictation` wrote, without those that hardly have a pitch.

    Args:
        folders: of recordings.
        sounds: classes of the starter's tokens and phonemes.
    """
    first, steps = heights_of(sounds)
    told = []
    for folder in folders:
        for row in _rows(folder):
            phones = np.array(SymbolTable.of("v2").encode(row["phones"]))
            places = np.array(row["places"])
            said = np.where(places == UNKNOWN, PAUSE, np.array(sounds.of_phones)[phones[places]])
            pitch = np.array(row["f0"], float).reshape(len(places), -1)
            line, counts = above_middle(pitch, steps[said] > 1)
            if counts.sum() >= LEAST_SUNG:
                told.append((folder, row, phones, places, said, pitch, line, counts))
    sung = np.concatenate([line[counts] for *_, line, counts in told])
    edges = np.quantile(sung, np.arange(1, steps.max()) / steps.max())
    return [
        Saying(
            folder / row["file"],
            row["lang"],
            f"{folder.name}/{row['speaker']}",
            phones,
            places,
            said,
            first[said] + np.where(steps[said] > 1, np.searchsorted(edges, line), 0),
            pitch,
        )
        for folder, row, phones, places, said, pitch, line, _ in told
    ]


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    for line in (folder / "metadata.jsonl").read_text("utf-8").splitlines():
        yield json.loads(line)


def heights_of(sounds: TokenClasses) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first token of each sound, and at how many heights it can be said."""
    of_tokens = np.array(sounds.of_tokens)
    steps = np.bincount(of_tokens)
    steps[PAUSE] = 1  # beside what is left over
    return np.array([np.argmax(of_tokens == sound) for sound in range(len(steps))]), steps


def above_middle(
    pitch: NDArray[np.float64], sung: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Log-pitch above the middle of those that count, a line through all others.

    Args:
        pitch: hertz, (tokens, times in each).
        sung: which tokens' sounds have a pitch.

    Returns:
        (tokens,), and which of them count.
    """
    voiced = pitch > LOWEST_PITCH
    counts = sung & voiced.any(axis=1)
    if not counts.any():
        return np.zeros(len(pitch)), counts
    logs = (np.log(np.maximum(pitch, 1.0)) * voiced).sum(axis=1) / voiced.sum(axis=1).clip(1)
    line = np.interp(np.arange(len(pitch)), np.flatnonzero(counts), logs[counts])
    return line - np.median(line[counts]), counts


def apart(sayings: Sequence[Saying]) -> tuple[list[int], list[int]]:
    """Numbers of the sayings that are learnt, and of those that are only measured."""
    speakers = list(dict.fromkeys(saying.speaker for saying in sayings))
    strangers = {*speakers[::HELD_OUT]}
    learnt = [n for n, saying in enumerate(sayings) if saying.speaker not in strangers]
    return learnt, [n for n, saying in enumerate(sayings) if saying.speaker in strangers]
