"""CUDA backend: a SoVITS that decodes in batches, captured in CUDA graphs."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.backends.channels_last import UpsampleStage
from mynah.acoustic.sovits.config import FRAMES_PER_TOKEN, SoVITSConfig
from mynah.acoustic.sovits.hifigan import Generator
from mynah.acoustic.sovits.model import SoVITS
from mynah.acoustic.sovits.streaming import WaveDecoder
from mynah.acoustic.sovits.text_encoder import Prior
from mynah.runtime.cuda import capture_graph, next_power_of_two


class BatchedGenerator:
    """Decodes as a generator does, without reading any length on the CPU: it may be captured.

    Args:
        generator: fused, on the device; it is not changed.
        dtype: of the stages.
    """

    def __init__(self, generator: Generator, dtype: torch.dtype) -> None:
        self._generator = generator
        count = generator.blocks_per_rate
        self._stages = [
            UpsampleStage(up, generator.resblocks[i * count : (i + 1) * count], dtype)
            for i, up in enumerate(generator.ups)
        ]

    @property
    def size(self) -> int:
        """Bytes beside the generator's."""
        return sum(stage.size for stage in self._stages)

    def __call__(self, z: Tensor, ge: Tensor, mask: Tensor) -> tuple[Tensor]:
        """Decode latents.

        Args:
            z: latents of shape (batch, inter channels, frames), zero where masked.
            ge: timbre of shape (batch, timbre channels, 1).
            mask: bool, (batch, 1, frames).

        Returns:
            Waveform alone, of shape (batch, 1, hop * frames) between -1 and 1, zero where masked.
        """
        x = self._generator.enter(z, ge, mask).unsqueeze(2)
        x, audible = x.contiguous(memory_format=torch.channels_last), mask.unsqueeze(2)
        for stage, rate in zip(self._stages, self._generator.rates, strict=True):
            audible = audible.unsqueeze(-1).expand(-1, -1, -1, -1, rate).flatten(3)
            x = stage(x, partial(torch.Tensor.mul_, other=audible))
        post = self._generator.conv_post
        x = F.conv2d(
            F.leaky_relu_(x).float(), post.weight.unsqueeze(2), padding=(0, int(post.padding[0]))
        )
        return (torch.tanh(x * audible).squeeze(2),)


TOGETHER = 16
"""Most rows that are decoded together."""
FRAMES = 32
"""Frames are filled up to a multiple: chunks come to few lengths, most of them one of these."""
SHORTEST = 32
"""Tokens and phonemes that shorter rows are filled up to."""


class CudaSoVITS:
    """A SoVITS on a CUDA device, for decoding; it does as `SoVITS` does.

    One thread at a time may use it.

    Args:
        sovits: fused; it is copied.
        device: where to.
        dtype: of the decoder's stages; all else is in float32.
        recorded: false to run kernel by kernel.
    """

    def __init__(
        self, sovits: SoVITS, device: torch.device, dtype: torch.dtype, *, recorded: bool = True
    ) -> None:
        self._sovits = deepcopy(sovits).requires_grad_(False).to(device)
        self._dtype, self._records = dtype, recorded
        generator = BatchedGenerator(self._sovits.dec, dtype)
        self._prior = Recorded(self._through_prior, recorded=recorded)
        self._flow = Recorded(self._through_flow, recorded=recorded)
        self._dec = Recorded(generator, recorded=recorded)
        weights = sum(weight.nbytes for weight in self._sovits.parameters())
        self.size = weights + generator.size

    def of(self, sovits: SoVITS) -> "CudaSoVITS":
        """The same of a trained version's network."""
        return CudaSoVITS(sovits, self.device, self._dtype, recorded=self._records)

    @property
    def recorded(self) -> bool:
        """True if every computation so far was captured in a graph."""
        return all(each.recorded for each in (self._prior, self._flow, self._dec))

    @property
    def config(self) -> SoVITSConfig:
        """Its sizes."""
        return self._sovits.config

    @property
    def device(self) -> torch.device:
        """The GPU."""
        return self._sovits.device

    @property
    def dec(self) -> WaveDecoder:
        """The decoder of latents."""
        return self._decode

    def prior(
        self, codes: Tensor, phones: Tensor, ge: Tensor, *, lengths: Tensor, phone_lengths: Tensor
    ) -> Prior:
        """See `SoVITS.prior`; the result stays valid until the next call."""
        rows, tokens = codes.shape
        filled = next_power_of_two(rows)
        of_tokens, of_phones = (
            max(SHORTEST, next_power_of_two(each.shape[1])) for each in (codes, phones)
        )
        prior = self._prior(
            (codes, (filled, of_tokens)),
            (phones, (filled, of_phones)),
            (ge, (filled, *ge.shape[1:])),
            # Padding rows have length 0; what is computed for them is not a number.
            (lengths, (filled,)),
            (phone_lengths, (filled,)),
        )
        return Prior(*(each[:rows, :, : FRAMES_PER_TOKEN * tokens] for each in prior))

    def render(self, latents: Tensor, mask: Tensor, timbre: Tensor) -> Tensor:
        """See `SoVITS.render`; the result stays valid until the next call."""
        return _compute_padded(self._flow, latents, timbre, mask)

    def _decode(self, z: Tensor, ge: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            mask = torch.ones_like(z[:, :1], dtype=torch.bool)
        return _compute_padded(self._dec, z, ge, mask)

    def _through_prior(
        self, codes: Tensor, phones: Tensor, ge: Tensor, lengths: Tensor, phone_lengths: Tensor
    ) -> Prior:
        return self._sovits.prior(codes, phones, ge, lengths=lengths, phone_lengths=phone_lengths)

    def _through_flow(self, latents: Tensor, ge: Tensor, mask: Tensor) -> tuple[Tensor]:
        return (self._sovits.flow.inverse(latents, mask, ge) * mask,)


def _compute_padded(recorded: "Recorded", z: Tensor, ge: Tensor, mask: Tensor) -> Tensor:
    """Compute on latents padded to one of few lengths; the result stays valid until the next call.

    Args:
        recorded: of latents, timbre vectors and a mask.
        z: (rows, channels, frames).
        ge: (rows, timbre channels, 1).
        mask: bool, (rows, 1, frames).
    """
    rows, channels, frames = z.shape
    filled, length = next_power_of_two(rows), -(-frames // FRAMES) * FRAMES
    (out,) = recorded(
        (z, (filled, channels, length)),
        (ge, (filled, *ge.shape[1:])),
        (mask, (filled, 1, length)),
    )
    return out[:rows, :, : frames * (out.shape[2] // length)]


Shape = tuple[int, ...]
Computation = Callable[..., tuple[Tensor, ...]]
"""From tensors to tensors; it must not read any value on the CPU."""


class Recorded:
    """A computation that is captured in a graph for each shape that it is asked for.

    Args:
        compute: the computation.
        recorded: false to run kernel by kernel; shapes are padded all the same.
    """

    def __init__(self, compute: Computation, *, recorded: bool) -> None:
        self._compute = compute
        self._pool = torch.cuda.graph_pool_handle() if recorded else None
        self._recordings: dict[tuple[Shape, ...], _Recording] = {}

    @property
    def recorded(self) -> bool:
        """True if a graph was captured for every shape so far."""
        return all(each.graph for each in self._recordings.values())

    def __call__(self, *given: tuple[Tensor, Shape]) -> tuple[Tensor, ...]:
        """Compute on tensors, each padded to a shape; the result stays valid until the next."""
        values, shapes = zip(*given, strict=True)
        recording = self._recordings.get(shapes)
        if recording is None:
            places = [value.new_zeros(shape) for value, shape in given]
            recording = self._recordings[shapes] = _Recording(places)
            if self._pool is not None:
                recording.record(self._compute, self._pool)
        recording.fill(values)
        return recording.play(self._compute)


@dataclass(slots=True)
class _Recording:
    """A computation of one shape, with inputs and outputs at fixed addresses."""

    given: Sequence[Tensor]
    out: tuple[Tensor, ...] = ()
    graph: torch.cuda.CUDAGraph | None = None

    def fill(self, values: Sequence[Tensor]) -> None:
        """Copy the inputs in, with zeros around them."""
        for place, value in zip(self.given, values, strict=True):
            place.zero_()
            place[tuple(map(slice, value.shape))].copy_(value)

    def play(self, compute: Computation) -> tuple[Tensor, ...]:
        """Outputs for the inputs that were filled in."""
        if self.graph is None:
            return compute(*self.given)
        self.graph.replay()
        return self.out

    def record(self, compute: Computation, pool: "torch.cuda._POOL_HANDLE") -> None:
        """Capture what `play` does."""
        device = self.given[0].device
        aside, here = torch.cuda.Stream(device), torch.cuda.current_stream(device)
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            compute(*self.given)  # chooses kernels, which cannot be recorded
        here.wait_stream(aside)

        def play() -> None:
            self.out = compute(*self.given)

        what = f"Decoding of {[tuple(each.shape) for each in self.given]}"
        self.graph = capture_graph(play, what, pool=pool)
