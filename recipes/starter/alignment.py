"""Which phoneme each semantic token belongs to, from the tokenizer's own CTC scores."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from recipes.starter.corpus import Track
from recipes.starter.labels import is_heard, read_phones
from recipes.starter.tokens import read_tokenizer

UNKNOWN = -1


def write_alignment(work: Path) -> None:
    """Writes `alignment.npy`: for each 40 ms of the track the place of its phoneme in the clip."""
    tokenizer = read_tokenizer(work)
    tokens = np.load(work / "tokens.npy")
    aligned = np.full(len(tokens), UNKNOWN, np.int16)
    clips, phones = Track(work).clips, read_phones(work)
    for clip, row in track(list(zip(clips, phones, strict=True)), description="aligning"):
        heard = [place for place, phone in enumerate(row) if is_heard(phone)]
        first, count = clip.start // 1280, clip.frames // 2
        if heard and len(heard) <= count:
            codes = torch.from_numpy(tokens[first : first + count].astype(np.int64))
            with torch.no_grad():
                _, scores = tokenizer.decode(tokenizer.codebook.embed[codes][None])
            aligned[first : first + count] = places_of(scores[0].numpy(), row, heard)
    np.save(work / "alignment.npy", aligned)


def places_of(
    scores: NDArray[np.float32], phones: list[int], heard: list[int]
) -> NDArray[np.int64]:
    """For each token the place of its phoneme: the one whose spike is nearest.

    Args:
        scores: log-probabilities of CTC, two rows a token.
        phones: ids of the sentence's phonemes.
        heard: places of those that can be heard, no more than rows.
    """
    spikes = best_spikes(scores, np.array([phones[place] for place in heard]))
    middles = (spikes[1:] + spikes[:-1]) / 2.0
    nearest = np.searchsorted(middles, np.arange(len(scores) // 2) * 2 + 0.5)
    return np.array(heard)[nearest]


def best_spikes(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Viterbi through CTC's states: the middle frame in which each label is heard.

    Args:
        scores: log-probabilities (T, classes), the last class blank; T at least the labels.
        labels: classes in the order in which they are heard, (L,).
    """
    states = np.full(2 * len(labels) + 1, scores.shape[1] - 1)
    states[1::2] = labels
    skippable = np.zeros(len(states), bool)
    skippable[3::2] = labels[1:] != labels[:-1]
    best = np.full(len(states), -np.inf)
    best[:2] = scores[0, states[:2]]
    came = np.zeros((len(scores), len(states)), np.int8)
    for frame in range(1, len(scores)):
        stay, step, skip = best, _shifted(best, 1), _shifted(best, 2)
        ways = np.stack([stay, step, np.where(skippable, skip, -np.inf)])
        came[frame] = ways.argmax(axis=0)
        best = ways.max(axis=0) + scores[frame, states]
    path = np.zeros(len(scores), np.int64)
    path[-1] = len(states) - 1 if best[-1] >= best[-2] else len(states) - 2
    for frame in range(len(scores) - 1, 0, -1):
        path[frame - 1] = path[frame] - came[frame, path[frame]]
    frames = np.arange(len(scores))
    return np.array([frames[path == 2 * n + 1].mean() for n in range(len(labels))])


def _shifted(best: NDArray[np.float64], by: int) -> NDArray[np.float64]:
    return np.concatenate([np.full(by, -np.inf), best[:-by]])
