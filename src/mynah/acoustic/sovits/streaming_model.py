"""SoVITS as the engine speaks with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mynah.acoustic.acoustic_model import AcousticPrompt, Unit
from mynah.acoustic.decode_stream import DecodeStream
from mynah.acoustic.postfilter import Postfilter
from mynah.acoustic.sovits.streaming import (
    SoVITSNetwork,
    SoVITSStream,
    WaveDecoder,
    decode_next,
)
from mynah.runtime.device import Transferable

PEAK = 0.98
"""Of the loudest sound that a model can make: the same for every chunk, so that none is louder."""


@dataclass(frozen=True, slots=True, eq=False)
class SoVITSConditioning:
    """A voice as a SoVITS takes it.

    Attributes:
        timbre: (1, channels, 1).
        speaker_state: of the model's extension, for its post-filter.
    """

    timbre: Tensor
    speaker_state: Transferable | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of its tensors."""
        return self.timbre.nbytes + (0 if self.speaker_state is None else self.speaker_state.nbytes)

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        state = None if self.speaker_state is None else self.speaker_state.to(device)
        return type(self)(self.timbre.to(device), state)


@dataclass(frozen=True, slots=True, eq=False)
class StreamingSoVITS:
    """The `AcousticModel` of GPT-SoVITS v1, v2, v2Pro and v2ProPlus.

    Attributes:
        network: in eval mode.
        vocoder: in place of the network's own, if given.
        postfilter: of the model, if it has one.
        batch_size: see `AcousticModel`.
    """

    network: SoVITSNetwork
    vocoder: WaveDecoder | None = None
    postfilter: Postfilter | None = None
    batch_size: int = 1

    @property
    def sample_rate(self) -> int:
        return self.network.config.sampling_rate

    @property
    def unit(self) -> Unit:
        return "tokens"

    def prepare(self, prompt: AcousticPrompt) -> SoVITSConditioning:
        return SoVITSConditioning(prompt.timbre, prompt.speaker_state).to(self.network.device)

    def open(
        self, phones: Tensor, on: Transferable, *, speed: float, seed: int, sizes: Sequence[int]
    ) -> SoVITSStream:
        assert isinstance(on, SoVITSConditioning), "a voice of another model"
        return SoVITSStream(phones, on.timbre, speed, seed, on.speaker_state, sizes=sizes)

    def decode(self, streams: Sequence[DecodeStream]) -> list[NDArray[np.float32]]:
        own = [stream for stream in streams if isinstance(stream, SoVITSStream)]
        assert len(own) == len(streams), "a stream of another model"
        waves = decode_next(self.network, own, self.vocoder, self.postfilter)
        return [(PEAK * wave).numpy() for wave in waves]
