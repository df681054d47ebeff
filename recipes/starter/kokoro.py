"""Kokoro-82M, a public voice, told how long each letter lasts and how high it is spoken.

It plans lengths and pitch itself before it speaks (Hexgrad 2025; after StyleTTS 2, Li et al. 2023).
Its graph is opened there: lengths become an input, the pitch is multiplied by another, and is told.
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

from recipes.starter.timing import Letter

RATE = 24_000
LENGTHS = "/encoder/Clip_output_0"
"""The model's own tensor of how many frames each letter lasts."""
PITCH = "/encoder/F0_proj/Conv_output_0"
"""The model's own tensor of the pitch in hertz."""
PITCH_FRAME = 0.0125
TIMBRE = 128
"""Numbers of a style that are timbre; the rest is manner."""
LEFT_OUT = {"zf_xiaoni", "af_nicole"}
"""One is garbled, one whispers."""
SHARES = (1.0, 0.8, 0.65, 0.5, 0.35)
OWN_TIMBRE = 0.35
NATIVE = {"zh": "z", "en": "ab"}
"""First letters of the voices that speak a language as their own."""

Style = NDArray[np.float32]


class Kokoro:
    """The model.

    Args:
        model: as published in single precision, whose inputs are letters, style and speed.
        vocabulary: its `vocab.json` or `config.json`.
        threads: of the processor.
    """

    def __init__(self, model: Path, vocabulary: Path, threads: int) -> None:
        self.alphabet: dict[str, int] = json.loads(vocabulary.read_text("utf-8"))["vocab"]
        graph = onnx.load(model)
        self._inputs = [each.name for each in graph.graph.input]
        planning = onnx.utils.Extractor(graph).extract_model(self._inputs, [LENGTHS])
        self._planning = _session(planning, threads)
        changed = opened(graph)
        told = [each.name for each in changed.graph.input if each.name != "speed"]
        self._raising = _session(
            onnx.utils.Extractor(changed).extract_model(told, [PITCH]), threads
        )
        self._speaking = _session(changed, threads)

    def plan(self, letters: Sequence[Letter], style: Style, speed: float) -> NDArray[np.float32]:
        """Frames of 25 ms of the silence before, of each letter and of the silence behind."""
        feeds = self._feeds(letters, style, speed)
        (planned,) = self._planning.run(None, feeds)
        return np.ravel(planned)

    def speak(
        self, letters: Sequence[Letter], style: Style, frames: NDArray[np.float32], pitch: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Says letters.

        Args:
            letters: at most 500.
            style: of the speaker, (510, 256).
            frames: as of `plan`.
            pitch: what its own pitch is multiplied by.

        Returns:
            Samples at 24 kHz, and the pitch in hertz each 12.5 ms of them.
        """
        samples, heights = self._run(self._speaking, letters, style, frames, pitch)
        return samples, heights

    def heights(
        self, letters: Sequence[Letter], style: Style, frames: NDArray[np.float32], pitch: float
    ) -> NDArray[np.float32]:
        """The pitch that `speak` would give, in a twentieth of the time."""
        (heights,) = self._run(self._raising, letters, style, frames, pitch)
        return heights

    def _run(
        self,
        session: onnxruntime.InferenceSession,
        letters: Sequence[Letter],
        style: Style,
        frames: NDArray[np.float32],
        pitch: float,
    ) -> list[NDArray[np.float32]]:
        feeds = self._feeds(letters, style, 1.0)
        feeds |= {LENGTHS: frames[None], "pitch": np.array([pitch], np.float32)}
        wanted = {each.name for each in session.get_inputs()}
        feeds = {name: each for name, each in feeds.items() if name in wanted}
        return [np.ravel(each) for each in session.run(None, feeds)]

    def _feeds(
        self, letters: Sequence[Letter], style: Style, speed: float
    ) -> dict[str, NDArray[np.generic]]:
        numbers = [self.alphabet[letter.text] for letter in letters]
        values: list[NDArray[np.generic]] = [
            np.array([[0, *numbers, 0]], np.int64),
            style[len(numbers)][None],
            np.array([speed], np.float32),
        ]
        return dict(zip(self._inputs, values, strict=True))


def opened(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with lengths and a factor of its pitch as inputs, and its pitch as an output."""
    graph, floats = model.graph, onnx.TensorProto.FLOAT
    for name in (LENGTHS, PITCH):
        for node in graph.node:
            node.output[:] = [f"{each} before" if each == name else each for each in node.output]
    graph.input.append(onnx.helper.make_tensor_value_info(LENGTHS, floats, [1, "letters"]))
    graph.input.append(onnx.helper.make_tensor_value_info("pitch", floats, [1]))
    behind = next(n for n, node in enumerate(graph.node) if f"{PITCH} before" in node.output) + 1
    moved = onnx.helper.make_node("Mul", [f"{PITCH} before", "pitch"], [PITCH])
    graph.node.insert(behind, moved)
    graph.output.append(onnx.helper.make_empty_tensor_value_info(PITCH))
    return model


def _session(model: onnx.ModelProto, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


@dataclass(frozen=True, slots=True)
class Speakers:
    """Draws blends of voices.

    Attributes:
        voices: (510, 256) of each: one style for each number of letters.
    """

    voices: dict[str, Style]

    @classmethod
    def of(cls, folder: Path) -> "Speakers":
        """Those of a folder with a `.bin` file for each voice, 510 x 256 numbers."""
        return cls(
            {
                path.stem: np.fromfile(path, np.float32).reshape(510, 256)
                for path in sorted(folder.glob("*.bin"))
                if path.stem not in LEFT_OUT
            }
        )

    def draw(self, language: str, chance: random.Random) -> Style:
        """Somebody with the manner of the language's own speakers, and anybody's timbre."""
        natives = [name for name in self.voices if name[0] in NATIVE[language]]
        manner = self._blend(natives, chance)
        if chance.random() < OWN_TIMBRE:
            return manner
        timbre = self._blend(list(self.voices), chance)
        return np.concatenate([timbre[:, :TIMBRE], manner[:, TIMBRE:]], axis=1)

    def _blend(self, names: list[str], chance: random.Random) -> Style:
        first, second = chance.sample(names, 2)
        share = np.float32(chance.choice(SHARES))
        return share * self.voices[first] + (1 - share) * self.voices[second]
