"""Kokoro-82M, a public voice: says letters it is given, and tells when it says each.

Where a phoneme begins and ends need not be searched for in what it says: it plans that itself
before it speaks (Hexgrad 2025; after StyleTTS 2, Li et al. 2023).
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from recipes.starter.spoken import Letter, Spoken, spans

PLANNED = "/encoder/Clip_output_0"
"""The model's own tensor of how many frames each letter lasts."""
TIMBRE = 128
"""Numbers of a style that are timbre; the rest is manner."""
LEFT_OUT = {"zf_xiaoni", "af_nicole"}
"""One is garbled, one whispers."""
SHARES = (1.0, 0.8, 0.65, 0.5, 0.35)
OWN_TIMBRE = 0.35
NATIVE = {"zh": "z", "en": "ab"}
"""First letters of the voices that speak a language as their own."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A blend of voices, (510, 256): one style for each number of letters."""

    name: str
    style: NDArray[np.float32]


class Kokoro:
    """The model.

    Args:
        model: `model.onnx` as published, whose inputs are tokens, style and speed.
        vocabulary: its `vocab.json` or `config.json`.
        threads: of the processor.
    """

    def __init__(self, model: Path, vocabulary: Path, threads: int) -> None:
        graph = onnx.load(model)
        graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(PLANNED))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.alphabet: dict[str, int] = json.loads(vocabulary.read_text("utf-8"))["vocab"]

    def speak(self, letters: Sequence[Letter], speaker: Speaker, speed: float) -> Spoken:
        """Says at most 500 letters."""
        numbers = [self.alphabet[letter.text] for letter in letters]
        tokens, style, pace = (each.name for each in self._session.get_inputs())
        samples, planned = self._session.run(
            None,
            {
                tokens: np.array([[0, *numbers, 0]], np.int64),
                style: speaker.style[len(numbers)][None],
                pace: np.array([speed], np.float32),
            },
        )
        before, *lasting = np.ravel(planned).tolist()
        return Spoken(np.ravel(samples), spans(letters, lasting, before))


class Speakers:
    """Draws blends of voices.

    Args:
        folder: with a `.bin` file for each voice, 510 x 256 numbers.
    """

    def __init__(self, folder: Path) -> None:
        self._voices = {
            path.stem: np.fromfile(path, np.float32).reshape(510, 256)
            for path in sorted(folder.glob("*.bin"))
            if path.stem not in LEFT_OUT
        }

    def draw(self, language: str, chance: random.Random) -> Speaker:
        """Somebody with the manner of the language's own speakers, and anybody's timbre."""
        manner = self._blend([v for v in self._voices if v[0] in NATIVE[language]], chance)
        if chance.random() < OWN_TIMBRE:
            return manner
        timbre = self._blend(list(self._voices), chance)
        style = np.concatenate([timbre.style[:, :TIMBRE], manner.style[:, TIMBRE:]], axis=1)
        return Speaker(f"{timbre.name}|{manner.name}", style)

    def _blend(self, voices: list[str], chance: random.Random) -> Speaker:
        first, second = chance.sample(voices, 2)
        share = chance.choice(SHARES)
        style = share * self._voices[first] + (1 - share) * self._voices[second]
        return Speaker(f"{first}:{share}+{second}:{1 - share:.2f}", style)
