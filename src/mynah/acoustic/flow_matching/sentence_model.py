"""Flow matching as the engine speaks with it: sentence by sentence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mynah.acoustic.acoustic_model import AcousticPrompt, Unit
from mynah.acoustic.decode_stream import DecodeStream
from mynah.acoustic.flow_matching.config import MEL_BANDS
from mynah.acoustic.flow_matching.model import FlowMatching
from mynah.acoustic.flow_matching.synthesis import (
    MelPrompt,
    SentenceMel,
    normalised,
    sample_all,
)
from mynah.acoustic.sovits.streaming_model import PEAK
from mynah.runtime.device import Transferable

MelVocoder = Callable[[Tensor], Tensor]
"""From a log mel (1, 100, frames) to a waveform (1, samples) between -1 and 1."""


@dataclass(frozen=True, slots=True, eq=False)
class FlowMatchingConditioning:
    """A voice as a flow-matching model takes it.

    Attributes:
        timbre: (1, 512, 1).
        prompt: the recording that every sentence continues.
    """

    timbre: Tensor
    prompt: MelPrompt

    @property
    def nbytes(self) -> int:
        """Bytes of its tensors."""
        return self.timbre.nbytes + self.prompt.features.nbytes + self.prompt.mel.nbytes

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        prompt = MelPrompt(self.prompt.features.to(device), self.prompt.mel.to(device))
        return type(self)(self.timbre.to(device), prompt)


@dataclass(slots=True, eq=False)
class FlowMatchingStream(DecodeStream):
    """A sentence that a flow-matching model decodes.

    Attributes:
        phones: (phones,) ids.
        voice: its conditioning.
        speed: 2 halves the duration.
        seed: of the noise that the mel is made from.
    """

    phones: Tensor
    voice: FlowMatchingConditioning
    speed: float
    seed: int

    def noise(self) -> Callable[[int], Tensor]:
        """The source of noise, which is the same whatever else is decoded."""
        generator = torch.Generator().manual_seed(self.seed)
        device = self.voice.timbre.device
        return lambda frames: torch.randn(frames, MEL_BANDS, generator=generator).to(device)


@dataclass(frozen=True, slots=True, eq=False)
class SentenceFlowMatching:
    """The `AcousticModel` of GPT-SoVITS v3 and v4.

    Attributes:
        network: in eval mode.
        vocoder: of its version, on the same device.
        batch_size: see `AcousticModel`.
    """

    network: FlowMatching
    vocoder: MelVocoder
    batch_size: int = 1

    @property
    def sample_rate(self) -> int:
        return self.network.config.geometry.sample_rate

    @property
    def unit(self) -> Unit:
        return "sentence"

    @torch.inference_mode()
    def prepare(self, prompt: AcousticPrompt) -> FlowMatchingConditioning:
        """See `AcousticModel`; the prompt needs the mel of its recording."""
        assert prompt.mel is not None, "a prompt without its recording"
        device, most = self.network.device, self.network.config.geometry.prompt_frames
        codes, phones, timbre = (
            each.to(device) for each in (prompt.codes[None], prompt.phones[None], prompt.timbre)
        )
        features = self.network.features(codes, phones, timbre)[0].T
        mel = normalised(prompt.mel.to(device)).T
        return FlowMatchingConditioning(timbre, MelPrompt.of_reference(features, mel, most))

    def open(
        self, phones: Tensor, on: Transferable, *, speed: float, seed: int, sizes: Sequence[int]
    ) -> FlowMatchingStream:
        assert isinstance(on, FlowMatchingConditioning), "a voice of another model"
        return FlowMatchingStream(phones, on, speed, seed, sizes=sizes)

    @torch.inference_mode()
    def decode(self, streams: Sequence[DecodeStream]) -> list[NDArray[np.float32]]:
        own = [stream for stream in streams if isinstance(stream, FlowMatchingStream)]
        assert len(own) == len(streams), "a stream of another model"
        sentences = [self._sentence(stream) for stream in own]
        sample_all(self.network.estimator, sentences)
        return [
            self._wave(stream, sentence) for stream, sentence in zip(own, sentences, strict=True)
        ]

    def _sentence(self, stream: FlowMatchingStream) -> SentenceMel:
        geometry, voice = self.network.config.geometry, stream.voice
        codes = torch.tensor([stream.tokens], device=self.network.device)
        phones = stream.phones[None].to(self.network.device)
        return SentenceMel(
            self.network.estimator,
            self.network.features(codes, phones, voice.timbre, stream.speed)[0].T,
            voice.prompt,
            window=geometry.window_frames,
            steps=geometry.steps,
            noise=stream.noise(),
        )

    def _wave(self, stream: FlowMatchingStream, sentence: SentenceMel) -> NDArray[np.float32]:
        assert stream.chunk is not None
        stream.advance(stream.chunk)
        wave: NDArray[np.float32] = (PEAK * self.vocoder(sentence.mel.T[None])[0]).cpu().numpy()
        return wave
