"""What a GPU does differently in the acoustic stage: the flow and the decoder are recorded graphs.

They are some hundred convolutions each, of which the CPU takes longer to start one than the GPU to
compute it, unless rows are many and long. So what is done for a number of rows and of frames is
recorded when it is first asked for, and played from then on with one call. Rows are filled up to a
power of two, frames to a multiple of some; what is behind a row's end is masked.
"""

import logging
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from mynah.acoustic.batched import BatchedGenerator
from mynah.acoustic.config import AcousticConfig
from mynah.acoustic.piecewise import Vocoder
from mynah.acoustic.sovits import SoVITS
from mynah.acoustic.text_encoder import Prior
from mynah.powers import power_of_two
from mynah.voice.timbre import Timbre

TOGETHER = 16
"""Most rows that are decoded together."""

FRAMES = 32
"""Frames are filled up to a multiple: pieces come to few lengths, most of them one of these."""

_log = logging.getLogger(__name__)


class GraphSoVITS:
    """A SoVITS on a CUDA device, for decoding; it does as `SoVITS` does.

    One thread at a time may use it.

    Args:
        sovits: fused; it is copied.
        device: where to.
        dtype: of the decoder's stages; all else is in float32.
        recorded: whether graphs are recorded.
    """

    def __init__(
        self, sovits: SoVITS, device: torch.device, dtype: torch.dtype, *, recorded: bool = True
    ) -> None:
        self._sovits = deepcopy(sovits).requires_grad_(False).to(device)
        self._dtype, self._records = dtype, recorded
        generator = BatchedGenerator(self._sovits.dec, dtype)
        self._flow = Recorded(self._through_flow, recorded=recorded)
        self._dec = Recorded(generator, recorded=recorded)
        weights = sum(weight.nbytes for weight in self._sovits.parameters())
        self.size = weights + generator.size

    def of(self, sovits: SoVITS) -> "GraphSoVITS":
        """The same of a trained version's network."""
        return GraphSoVITS(sovits, self.device, self._dtype, recorded=self._records)

    @property
    def recorded(self) -> bool:
        """Whether all that was asked for was recorded."""
        return self._flow.recorded and self._dec.recorded

    @property
    def config(self) -> AcousticConfig:
        """Its sizes."""
        return self._sovits.config

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._sovits.device

    @property
    def dec(self) -> Vocoder:
        """What decodes latents."""
        return self._decode

    def prior(
        self,
        codes: Tensor,
        phones: Tensor,
        ge: Tensor,
        *,
        lengths: Tensor | None = None,
        phone_lengths: Tensor | None = None,
    ) -> Prior:
        """See `SoVITS.prior`."""
        return self._sovits.prior(codes, phones, ge, lengths=lengths, phone_lengths=phone_lengths)

    def render(self, latents: Tensor, mask: Tensor, timbre: Timbre) -> Tensor:
        """See `SoVITS.render`."""
        return self._sovits.coloured(self._flow(latents, timbre.vector, mask), mask, timbre)

    def _decode(self, z: Tensor, ge: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            mask = torch.ones_like(z[:, :1], dtype=torch.bool)
        return self._dec(z, ge, mask)

    def _through_flow(self, latents: Tensor, ge: Tensor, mask: Tensor) -> Tensor:
        return self._sovits.flow.inverse(latents, mask, ge) * mask


Computation = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Of latents (rows, channels, frames), timbre vectors (rows, timbre channels, 1), and a bool mask
(rows, 1, frames), to (rows, channels, a multiple of the frames)."""


class Recorded:
    """A computation that is recorded for each shape that it is asked for.

    Args:
        compute: what is recorded; it must not look at any value.
        recorded: whether it is; otherwise shapes are filled up all the same.
    """

    def __init__(self, compute: Computation, *, recorded: bool) -> None:
        self._compute, self._records = compute, recorded
        self._pool = torch.cuda.graph_pool_handle() if recorded else None
        self._recordings: dict[tuple[int, int], _Recording] = {}

    @property
    def recorded(self) -> bool:
        """Whether all shapes that there were could be."""
        return all(each.graph for each in self._recordings.values())

    def __call__(self, z: Tensor, ge: Tensor, mask: Tensor) -> Tensor:
        """Computes; what is given stays as it is until the next call."""
        rows, _, frames = z.shape
        shape = power_of_two(rows), -(-frames // FRAMES) * FRAMES
        recording = self._recordings.get(shape)
        if recording is None:
            recording = self._recordings[shape] = self._recording(shape, z, ge)
        recording.fill(z, ge, mask)
        out = recording.play(self._compute)
        return out[:rows, :, : frames * (out.shape[2] // shape[1])]

    def _recording(self, shape: tuple[int, int], z: Tensor, ge: Tensor) -> "_Recording":
        rows, frames = shape
        recording = _Recording(
            z.new_zeros((rows, z.shape[1], frames)),
            ge.new_zeros((rows, *ge.shape[1:])),
            torch.zeros((rows, 1, frames), dtype=torch.bool, device=z.device),
        )
        if self._records:
            recording.record(self._compute, self._pool)
        return recording


@dataclass(slots=True)
class _Recording:
    """A computation of one shape: what goes in and comes out, always at the same place."""

    z: Tensor
    ge: Tensor
    mask: Tensor
    out: Tensor | None = None
    graph: torch.cuda.CUDAGraph | None = None

    def fill(self, z: Tensor, ge: Tensor, mask: Tensor) -> None:
        """Puts in what is to be computed, and nothing into the rest."""
        rows, _, frames = z.shape
        for place, value in ((self.z, z), (self.mask, mask)):
            place.zero_()
            place[:rows, :, :frames].copy_(value)
        self.ge[:rows].copy_(ge)

    def play(self, compute: Computation) -> Tensor:
        """What comes out."""
        if self.graph is None or self.out is None:
            return compute(self.z, self.ge, self.mask)
        self.graph.replay()
        return self.out

    def record(self, compute: Computation, pool: "torch.cuda._POOL_HANDLE | None") -> None:
        """Records; if that cannot be, it is slower."""
        aside, here = torch.cuda.Stream(self.z.device), torch.cuda.current_stream(self.z.device)
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            compute(self.z, self.ge, self.mask)  # chooses kernels, which cannot be recorded
        here.wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        try:
            # Of other threads: they may do as they like meanwhile.
            with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
                out = compute(self.z, self.ge, self.mask)
        except RuntimeError:
            _log.warning("Decoding of %s cannot be recorded.", self.z.shape, exc_info=True)
        else:
            self.graph, self.out = graph, out
