"""A model without networks, for tests of everything around one."""

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from mynah.acoustic.decode_stream import FIRST_CHUNKS, LATER_CHUNKS, DecodeStream
from mynah.errors import UnsupportedError

TOKEN_SECONDS = 0.04
OWN = {"top_k": 15, "top_p": 1.0, "temperature": 0.6, "repetition_penalty": 1.35}


@dataclass(eq=False)
class TokenSequence:
    """A sentence that is being decoded."""

    sentence: object
    tokens: list[int] = field(default_factory=list)
    ended: bool = False
    error: Exception | None = None
    prefill_length: int = 1


@dataclass(frozen=True)
class PreparedVoice:
    """A voice, as whatever stands for its timbre."""

    timbre: object
    size: int = 1


class Voices:
    """Knows every voice, by its key, and every folder of weights by its own."""

    def voice(self, ref):
        return ref.key

    def weights(self, ref):
        return ref.weights


class Batch:
    """Decodes all tokens of a sentence at once, as soon as the model lets it."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.sequences: list[TokenSequence] = []

    @property
    def free(self) -> int:
        return self.model.rows - len(self.sequences)

    def validate(self, sequence: TokenSequence) -> None:
        """Every sentence will do."""

    def join(self, requests: list[TokenSequence]) -> list[TokenSequence]:
        self.sequences += requests
        return requests

    def step(self) -> None:
        decoded = [sequence for sequence in self.sequences if self.model.may_decode(sequence)]
        if not decoded:
            time.sleep(0.002)  # nobody may go on
        for sequence in decoded:
            sequence.tokens = [0] * self.model.tokens
            sequence.ended = True
            self.sequences.remove(sequence)

    def leave(self, sequence: TokenSequence) -> None:
        if sequence in self.sequences:
            self.sequences.remove(sequence)


@dataclass(slots=True, eq=False)
class Stream(DecodeStream):
    """A sentence of a fake model."""

    timbre: object
    speed: float


class Model:
    """Speaks `tokens` tokens for each sentence; what they sound like is a subclass's choice."""

    sample_rate: int
    tokens: int
    rows = 16
    batch_size = 1
    step_threads: int | None = None
    size = 0
    warnings: tuple[str, ...] = ()

    def aligner(self, samples):
        """Scores that favour no phoneme, so that each takes as long as another."""
        frames = samples.shape[1] // 320
        return torch.full((1, frames, 733), -math.log(733))

    @property
    def gpt(self):
        return self

    sovits = acoustic = gpt

    def trained(self, folder):
        return self

    def embed(self, voice):
        raise UnsupportedError("It has no speaker encoder; take a model with one.")

    def resolve(self, options):
        return replace(options, **{n: v for n, v in OWN.items() if getattr(options, n) is None})

    def prepare(self, sentence, prompt, options, seed, *, first):
        sizes = FIRST_CHUNKS if first else LATER_CHUNKS
        return TokenSequence(sentence), Stream(prompt.timbre, options.speed, sizes=sizes)

    def batch(self) -> Batch:
        return Batch(self)

    def may_decode(self, sequence: TokenSequence) -> bool:
        """True if a sentence may be decoded now."""
        return True

    def decode(self, streams):
        return [self._decode(stream) for stream in streams]

    def _decode(self, stream):
        chunk = stream.chunk
        stream.advance(chunk)
        seconds = (chunk.end - chunk.start) * TOKEN_SECONDS / stream.speed
        return self.wave(stream.timbre, seconds)

    def wave(self, timbre, seconds: float) -> np.ndarray:
        return np.zeros(round(seconds * self.sample_rate), np.float32)
