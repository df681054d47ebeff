"""The semantic tokens, written down instead of learnt: a sound, and how high it is spoken.

GPT-SoVITS learns its 1,024 codes from thousands of hours. From hours, learnt codes leave every
tenth phoneme unclear and keep a share of the speaker. These say what a listener must hear and
nothing else: the sound, and for sounds with a voice the pitch in steps from the speaker's middle.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mynah.acoustic.sovits.config import CODEBOOK_SIZE
from recipes.starter.corpus import Clip, Track
from recipes.starter.frames import ENVELOPE_BANDS, PITCH_COPIES
from recipes.starter.labels import read_phones
from recipes.starter.sounds import SILENT, UNKNOWN, Sounds

WIDTH = 768
STRENGTH = 8.0
PITCH = ENVELOPE_BANDS
VOICING = ENVELOPE_BANDS + PITCH_COPIES
VOICED = 0.6
"""A sound has a pitch when this share of its frames has."""
SAMPLED = 200_000


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Meaning of each token.

    Attributes:
        sounds: names of the sounds; 0 is the pause.
        first: each sound's first token.
        steps: each sound's number of pitches, 1 for those without a voice.
        edges: log-pitch above the speaker's median at which the next step begins.
    """

    sounds: list[str]
    first: list[int]
    steps: list[int]
    edges: list[float]

    def tokens(self, sounds: NDArray[np.integer], pitch: NDArray[np.floating]) -> NDArray[np.int64]:
        """Tokens of sounds at log-pitches above the speaker's median."""
        first, steps = np.array(self.first)[sounds], np.array(self.steps)[sounds]
        return first + np.where(steps > 1, np.searchsorted(self.edges, pitch), 0)

    @property
    def sound_of(self) -> list[int]:
        """The sound of each token; what is left over means a pause."""
        table = [SILENT] * CODEBOOK_SIZE
        for sound, (first, steps) in enumerate(zip(self.first, self.steps, strict=True)):
            table[first : first + steps] = [sound] * steps
        return table

    def vectors(self) -> Tensor:
        """The codebook (1024, 768): one dimension a sound, others for the pitch."""
        table = torch.zeros(CODEBOOK_SIZE, WIDTH)
        table[:, SILENT] = STRENGTH
        for sound, (first, steps) in enumerate(zip(self.first, self.steps, strict=True)):
            rows = table[first : first + steps]
            rows.zero_()
            rows[:, sound] = STRENGTH
            if steps > 1:
                rows[:, len(self.sounds) : len(self.sounds) + steps] = STRENGTH * torch.eye(steps)
        return table


def write_alphabet(work: Path) -> None:
    """Writes `alphabet.json`: as many pitches as the codebook has room for."""
    sounds = Sounds(read_phones(work)).names
    heard = np.load(work / "sounds.npy")
    rows = np.load(work / "smooth.npy", mmap_mode="r")
    voiced = np.asarray(rows[:, VOICING]) > 0.5
    share = [voiced[heard == number].mean() for number in range(len(sounds))]
    sung = [number != SILENT and part >= VOICED for number, part in enumerate(share)]
    count = (CODEBOOK_SIZE - sung.count(False)) // sung.count(True)
    steps = [count if has else 1 for has in sung]
    deviations = np.concatenate(
        [_relative_pitch(rows, clip)[voiced[_frames(clip)]] for clip in Track(work).clips]
    )
    edges = np.quantile(deviations, np.arange(1, count) / count)
    first = np.cumsum([0, *steps[:-1]])
    alphabet = {"sounds": sounds, "first": first.tolist(), "steps": steps, "edges": edges.tolist()}
    (work / "alphabet.json").write_text(json.dumps(alphabet), "utf-8")


def read_alphabet(work: Path) -> Alphabet:
    """Load what `write_alphabet` saved."""
    return Alphabet(**json.loads((work / "alphabet.json").read_text("utf-8")))


def _frames(clip: Clip) -> slice:
    return slice(clip.start // 640, clip.start // 640 + clip.frames)


def _relative_pitch(rows: NDArray[np.float16], clip: Clip) -> NDArray[np.float32]:
    block = np.asarray(rows[_frames(clip)], np.float32)
    voiced = block[:, VOICING] > 0.5
    middle = np.median(block[voiced, PITCH]) if voiced.any() else block[:, PITCH].mean()
    relative: NDArray[np.float32] = block[:, PITCH] - middle
    return relative


class Tokens:
    """Turns recordings into tokens at 25 Hz, at the recording's pace or slower."""

    def __init__(self, work: Path) -> None:
        self.alphabet = read_alphabet(work)
        self._sounds = np.load(work / "sounds.npy")
        self._places = np.load(work / "alignment.npy")
        self._late = np.load(work / "halves.npy")
        self._rows = np.load(work / "smooth.npy", mmap_mode="r")

    def of(self, clip: Clip, slower: float = 1.0) -> "Told":
        """A recording in tokens.

        Args:
            clip: one of the track's.
            slower: 1.25 makes a second last 1.25 s.
        """
        span = _frames(clip)
        ends, sounds, places = _runs(self._sounds[span], self._places[span])
        middles = _middles(ends, self._late[span])
        edges = token_edges(ends, sounds == SILENT, slower)
        run = np.searchsorted(edges, np.arange(edges[-1]), side="right")
        times = _times(ends, middles, edges)
        pitch = _relative_pitch(self._rows, clip)[np.round(times).astype(np.int64)]
        heights = pitch.reshape(-1, 2).mean(axis=1)
        tokens = self.alphabet.tokens(sounds[run], heights)
        return Told(tokens.tolist(), places[run].tolist(), times)


@dataclass(frozen=True, slots=True)
class Told:
    """A recording in tokens.

    Attributes:
        tokens: one each 40 ms.
        places: the place of each one's phoneme.
        times: for each 20 ms the recording's frame that is spoken then, (2 tokens,); a phoneme
            begins and ends with its tokens.
    """

    tokens: list[int]
    places: list[int]
    times: NDArray[np.float64]


def _times(
    ends: NDArray[np.int64], middles: NDArray[np.float64], edges: NDArray[np.int64]
) -> NDArray[np.float64]:
    """For each 20 ms of tokens the recording's frame that is spoken then.

    Both halves of a run get the same time, so that a burst comes where it is predicted: a prior
    that cannot know when a stop is released predicts something between a closure and a burst.
    """
    starts = np.concatenate([[0], edges[:-1]])
    borders = np.concatenate([[0], np.stack([starts + edges, 2 * edges], axis=1).ravel()])
    heard = np.concatenate([[0], np.stack([middles, ends], axis=1).ravel()])
    # A run that vanished has no time: where two borders meet, the last of them counts.
    kept = np.append(np.diff(borders) > 0, True)
    frames = np.arange(borders[-1]) + 0.5
    clipped: NDArray[np.float64] = (np.interp(frames, borders[kept], heard[kept]) - 0.5).clip(
        0, ends[-1] - 1
    )
    return clipped


def _middles(ends: NDArray[np.int64], late: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The frame at which each run's second half begins; its middle where none was told apart."""
    starts = np.concatenate([[0], ends[:-1]])
    early = np.add.reduceat(~late, starts)
    apart = (early > 0) & (early < ends - starts)
    return np.where(apart, starts + early, (starts + ends) / 2)


def _runs(
    sounds: NDArray[np.int16], places: NDArray[np.int16]
) -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.int16]]:
    """End, sound and place of each run of one sound at one place."""
    sounds = np.where(sounds == UNKNOWN, SILENT, sounds)
    changes = (np.diff(sounds) != 0) | (np.diff(places) != 0)
    last = np.append(np.flatnonzero(changes), len(sounds) - 1)
    return last + 1, sounds[last], places[last]


def token_edges(
    ends: NDArray[np.int64], silent: NDArray[np.bool_], slower: float
) -> NDArray[np.int64]:
    """The token at which each run of 20 ms frames ends; every run with a sound keeps one token.

    Args:
        ends: frame after each run's last, rising.
        silent: which runs are pauses and may vanish.
        slower: tokens a run gets beyond those of its own pace.
    """
    total = max(int(ends[-1] * slower) // 2, int((~silent).sum()))
    edges = np.minimum(np.round(ends * slower / 2).astype(np.int64), total)
    edges[-1] = total
    least = (~silent).astype(np.int64)
    # Push every end behind the one before, then back from the end where that ran over.
    ahead = np.cumsum(least)
    edges = np.maximum.accumulate(np.maximum(edges - ahead, 0)) + ahead
    behind = np.concatenate([np.cumsum(least[::-1])[::-1][1:], [0]])
    return np.minimum(edges, total - behind)
