"""Inputs of the starter's decoder while it speaks: latents and timbres of many sentences."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from mynah import SpeechOptions, Voice
from mynah.acoustic.backends.channels_last import ChannelsLastGenerator
from mynah.api import Synthesizer
from mynah.audio.spectrogram import HOP
from mynah.engine.loading import load_sovits_models
from mynah.errors import RecordingError
from recipes.starter.corpus import Source, spoken_corpus

SENTENCES = 8
"""That a voice says, all at a time."""
WITH_WORDS = 0.7
"""Share of voices that come with their words, and so lend details to what they say."""

Heard = tuple[Tensor, Tensor]
"""Latents (192, frames) and the timbre (512, 1) that they are decoded under, in half precision."""


class Listener:
    """Stands where the decoder does, makes no sound, and keeps what it is given."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    def __call__(self, z: Tensor, ge: Tensor, mask: Tensor | None = None) -> Tensor:
        lengths = [z.shape[2]] * len(z) if mask is None else mask.sum((1, 2)).tolist()
        for row, timbre, length in zip(z, ge, lengths, strict=True):
            self.heard.append((row[:, :length].half().clone(), timbre.half().clone()))
        return torch.zeros(len(z), 1, z.shape[2] * HOP)


def overhear(folder: Path, corpus: Path, minutes: float, seed: int = 0) -> list[Heard]:
    """Speak texts of a corpus in voices of the corpus, for some minutes.

    Args:
        folder: of the model.
        corpus: see `spoken_corpus`.
        minutes: that it takes; a core makes about ten times as much speech.
        seed: of what is said by whom.
    """
    listener = Listener()
    models = replace(load_sovits_models(folder), vocoder=cast(ChannelsLastGenerator, listener))
    synthesizer, sources = Synthesizer(models), list(spoken_corpus(corpus))
    chance, began = random.Random(seed), time.time()
    with ThreadPoolExecutor(SENTENCES) as callers:
        while time.time() - began < 60 * minutes:
            voice = _voice(chance.choice(sources), with_words=chance.random() < WITH_WORDS)
            if voice is None:
                continue
            seeds = [chance.randrange(1 << 20) for _ in range(SENTENCES)]
            said = zip(chance.sample(sources, SENTENCES), seeds, strict=True)
            list(callers.map(lambda each, who=voice: _say(synthesizer, who, *each), said))
    return listener.heard


def _voice(source: Source, *, with_words: bool) -> Voice | None:
    """None if the recording is no good as a reference: too short, mostly."""
    try:
        return Voice.from_recording(source.path, text=source.text if with_words else None)
    except RecordingError:
        return None


def _say(synthesizer: Synthesizer, voice: Voice, source: Source, seed: int) -> None:
    options = SpeechOptions(language=source.language, seed=seed)
    synthesizer.speak(source.text, voice, options)
