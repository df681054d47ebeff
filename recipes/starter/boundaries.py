"""Moves the borders between phonemes to where the sound changes.

What a large recogniser hears at one moment tells of the sounds around it too: it finds every
phoneme and places its borders anywhere. An envelope does not know its neighbours. So each half of
a sound gets a normal distribution of envelopes, and every sentence the likeliest way through them,
near the places found before; both in turn, as aligners did before networks (Rabiner 1989).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from mynah.audio.cepstrum import dct_basis
from mynah.encoders.viterbi import viterbi_path
from recipes.starter.corpus import Clip, Track
from recipes.starter.frames import ENVELOPE_BANDS, PITCH_COPIES
from recipes.starter.sounds import SILENT, UNKNOWN

CEPSTRA = 20
NEAR = 10
"""Most frames between a border and the place where a phoneme was heard."""
NEARER = 3
"""The same where the recording came with its spans."""
ROUNDS = 6
SHARED = 200.0
"""Frames' worth of trust in the deviations of all sounds when a sound is rare."""
FAR = -1e4
COSINES = dct_basis(ENVELOPE_BANDS, CEPSTRA).T.numpy()


def write_boundaries(work: Path) -> None:
    """Replaces `alignment.npy` and `sounds.npy`, and writes which frames are of a second half."""
    places, sounds = np.load(work / "alignment.npy"), np.load(work / "sounds.npy")
    rows = np.load(work / "smooth.npy", mmap_mode="r")
    clips = [clip for clip in Track(work).clips if places[clip.start // 640] != UNKNOWN]
    sentences = [Sentence(rows, clip, places, sounds) for clip in clips]
    for _ in track(range(ROUNDS), description="borders"):
        halves = Halves(sentences)
        moved = np.mean([sentence.settle(halves) for sentence in sentences])
        print(f"{moved:.1%} of frames moved", flush=True)
    late = np.zeros(len(sounds), np.bool_)
    for clip, sentence in zip(clips, sentences, strict=True):
        span = slice(clip.start // 640, clip.start // 640 + clip.frames)
        places[span], sounds[span] = sentence.places, sentence.sounds
        late[span] = sentence.states[sentence.path] % 2 == 1
    np.save(work / "alignment.npy", places)
    np.save(work / "sounds.npy", sounds)
    np.save(work / "halves.npy", late)


def cepstra(rows: NDArray[np.float32], silent: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Speaker-normalised cepstra of envelopes, with their changes: (T, 44)."""
    shape = rows[:, :ENVELOPE_BANDS] @ COSINES
    shape -= shape[~silent].mean(axis=0)
    voice = rows[:, [ENVELOPE_BANDS + PITCH_COPIES, -1]]
    still = np.concatenate([shape, voice], axis=1).astype(np.float64)
    ahead, behind = np.roll(still, -1, axis=0), np.roll(still, 1, axis=0)
    ahead[-1], behind[0] = still[-1], still[0]
    return np.concatenate([still, (ahead - behind) / 2], axis=1)


class Sentence:
    """A recording's envelopes and the state in which each frame is."""

    def __init__(
        self,
        rows: NDArray[np.float16],
        clip: Clip,
        places: NDArray[np.int16],
        sounds: NDArray[np.int16],
    ) -> None:
        span = slice(clip.start // 640, clip.start // 640 + clip.frames)
        self.places, self.sounds = places[span].copy(), sounds[span].copy()
        self.envelopes = cepstra(np.asarray(rows[span], np.float32), self.sounds == SILENT)
        changes = (np.diff(self.sounds) != 0) | (np.diff(self.places) != 0)
        starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
        ends = np.append(starts[1:], len(self.sounds))
        # A sound has two halves where there is time for them, a pause one.
        twice = len(self.sounds) > 2 * len(starts)
        halves = [1 if self.sounds[s] == SILENT or not twice else 2 for s in starts]
        run = np.repeat(np.arange(len(starts)), halves)
        half = np.concatenate([np.arange(count) for count in halves])
        self.states = 2 * self.sounds[starts][run].astype(np.int64) + half
        self._run_places, self._run_sounds = self.places[starts][run], self.sounds[starts][run]
        frames = np.arange(len(self.sounds))[:, None]
        near = NEARER if clip.spans else NEAR
        self._far = (frames < starts[run] - near) | (frames >= ends[run] + near)
        inside = (np.arange(len(self.sounds)) - np.repeat(starts, ends - starts)) * 2
        second = inside >= np.repeat(ends - starts, ends - starts)
        first_state = np.concatenate([[0], np.cumsum(halves)[:-1]])
        owner = np.repeat(np.arange(len(starts)), ends - starts)
        self.path = first_state[owner] + (second & (np.array(halves)[owner] == 2))

    def settle(self, halves: "Halves") -> float:
        """Finds the likeliest way; the share of frames that it moved."""
        kinds, columns = np.unique(self.states, return_inverse=True)
        scores = halves.likelihoods(self.envelopes, kinds)[:, columns] + FAR * self._far
        order = np.arange(len(self.states))
        path = viterbi_path(scores, order, self.states // 2 == SILENT)
        moved = float((path != self.path).mean())
        self.path = path
        self.places, self.sounds = self._run_places[path], self._run_sounds[path]
        return moved


class Halves:
    """A normal distribution of envelopes for each half of each sound."""

    def __init__(self, sentences: list[Sentence]) -> None:
        envelopes = np.concatenate([sentence.envelopes for sentence in sentences])
        states = np.concatenate([sentence.states[sentence.path] for sentence in sentences])
        count, width = int(states.max()) + 1, envelopes.shape[1]
        self._means = np.zeros((count, width))
        self._whiten = np.zeros((count, width, width))
        self._volume = np.zeros(count)
        deviations = np.zeros((count, width, width))
        numbers = np.bincount(states, minlength=count)
        for state in np.flatnonzero(numbers).tolist():
            own = envelopes[states == state]
            self._means[state] = own.mean(axis=0)
            deviations[state] = (own - own.mean(axis=0)).T @ (own - own.mean(axis=0))
        shared = deviations.sum(axis=0) / len(states)
        for state in range(count):
            covariance = (deviations[state] + SHARED * shared) / (numbers[state] + SHARED)
            factor = np.linalg.cholesky(covariance)
            self._whiten[state] = np.linalg.inv(factor).T
            self._volume[state] = np.log(np.diag(factor)).sum()

    def likelihoods(
        self, envelopes: NDArray[np.float64], states: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Log-likelihoods (T, S) of envelopes in states, up to a constant."""
        apart = (envelopes[None] - self._means[states, None]) @ self._whiten[states]
        scores: NDArray[np.float64] = (
            -0.5 * np.square(apart).sum(axis=2) - self._volume[states, None]
        ).T
        return scores
