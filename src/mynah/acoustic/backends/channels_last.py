"""The generator as CPUs are fastest with it, in bfloat16 or in float32.

The channels of a moment lie side by side in memory, which is how oneDNN is fastest. In bfloat16 all
stages but the last are rounded: that one, a twentieth of the work, and the layers before and behind
the stages stay in float32, since what is rounded there is heard as a hiss where the voice has
nothing. In float32 the largest convolutions are products of spectra.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.sovits.hifigan import SLOPE, Generator, ResidualBlock, sum_of
from mynah.acoustic.spectral_convolution import SpectralConvolution, gains

STEP = 16
"""Frames of whose multiples a row is made: oneDNN prepares itself for each new length, which takes
as long as up to a second of sound."""

Quiet = Callable[[Tensor], Tensor]
"""Silences what is behind the ends of rows (batch, channels, 1, time), which it changes."""

SHORT = 24
"""Frames of the one length between: of the first chunk, which somebody waits for."""


PART = 16_384
"""Moments before the last stage of which it makes sound at once. Memory for more is given back and
fetched again at each layer, which takes as long as the work itself."""


def made_of(frames: int) -> int:
    """Frames of which a row is made that has so many."""
    return SHORT if STEP < frames <= SHORT else -(-frames // STEP) * STEP


class ChannelsLastGenerator:
    """Decodes as a generator does, for inference on a CPU.

    Args:
        generator: fused; it is not changed.
        dtype: of the stages.
    """

    def __init__(self, generator: Generator, dtype: torch.dtype) -> None:
        self._generator = generator
        self._dtype = dtype
        count, last = generator.blocks_per_rate, len(generator.ups) - 1
        self._stages = [
            UpsampleStage(
                up,
                generator.resblocks[i * count : (i + 1) * count],
                torch.float32 if i == last else dtype,
            )
            for i, up in enumerate(generator.ups)
        ]
        self._reach = _reach(generator)

    @property
    def size(self) -> int:
        """Bytes beside the generator's."""
        return sum(stage.size for stage in self._stages)

    def of(self, generator: Generator) -> Self:
        """The same of a trained version's generator, which mostly is this one's."""
        pairs = zip(self._generator.parameters(), generator.parameters(), strict=True)
        alike = all(own.data_ptr() == other.data_ptr() for own, other in pairs)
        return self if alike else type(self)(generator, self._dtype)

    def __call__(self, z: Tensor, ge: Tensor, mask: Tensor | None = None) -> Tensor:
        """Decodes latents, row by row: one keeps a CPU busy, and hears nothing of the others.

        Args:
            z: latents of shape (batch, inter channels, frames).
            ge: timbre of shape (batch, timbre channels, 1).
            mask: bool, (batch, 1, frames); what it hides at a row's end is not looked at.

        Returns:
            Waveform of shape (batch, 1, hop * frames) between -1 and 1, zero where masked.
        """
        frames = z.shape[2]
        lengths = [frames] * len(z) if mask is None else mask.sum((1, 2)).tolist()
        waves = [self._row(z[i : i + 1, :, :n], ge[i : i + 1]) for i, n in enumerate(lengths)]
        hop = waves[0].shape[2] // lengths[0]
        return torch.cat([F.pad(wave, (0, frames * hop - wave.shape[2])) for wave in waves])

    def _row(self, z: Tensor, ge: Tensor) -> Tensor:
        end = z.shape[2]
        x = self._generator.conv_pre(F.pad(z, (0, made_of(end) - end))) + self._generator.cond(ge)
        # Convolutions over time are done as over images of height one, which have this layout.
        x = _ended(x.unsqueeze(2).contiguous(memory_format=torch.channels_last), end)
        for stage, rate in zip(self._stages[:-1], self._generator.rates, strict=False):
            end *= rate
            x = stage(x, partial(_ended, end=end))
        return self._sound(x, end)

    def _sound(self, x: Tensor, end: int) -> Tensor:
        """The wave of what is before the last stage, made in parts of one length."""
        rate, length = self._generator.rates[-1], x.shape[3]
        size = -(-length // -(-length // PART))
        window, waves = min(length, size + 2 * self._reach), []
        for start in range(0, end, size):
            first = min(max(0, start - self._reach), length - window)
            part = x[..., first : first + window].clone(memory_format=torch.channels_last)
            made = self._stages[-1](part, partial(_ended, end=(end - first) * rate))
            own = slice((start - first) * rate, (min(end, start + size) - first) * rate)
            waves.append(self._wave(made)[..., own])
        return torch.cat(waves, dim=3).squeeze(2)

    def _wave(self, x: Tensor) -> Tensor:
        post = self._generator.conv_post
        x = F.conv2d(F.leaky_relu_(x), post.weight.unsqueeze(2), padding=(0, int(post.padding[0])))
        return torch.tanh_(x)


class UpsampleStage:
    """An upsampling and its residual blocks, on (batch, channels, 1, time) of any type.

    Args:
        up: the upsampling.
        blocks: behind it.
        dtype: of both.
    """

    def __init__(self, up: nn.Module, blocks: nn.ModuleList, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._up = _Upsampling(up, dtype)
        self._blocks = [_convolutions(block, dtype) for block in blocks]

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return self._up.size + sum(conv.size for block in self._blocks for conv in block)

    def __call__(self, x: Tensor, quiet: Quiet) -> Tensor:
        """What becomes of x, which is changed; no layer hears what `quiet` silences."""
        x = quiet(self._up(F.leaky_relu_(x, SLOPE).to(self._dtype)))
        return sum_of([_refined(x, block, quiet) for block in self._blocks]).div_(len(self._blocks))


class Convolution(Protocol):
    """A convolution over (1, channels, 1, time) to the same shape."""

    @property
    def size(self) -> int:
        """Bytes of its weights."""

    def __call__(self, x: Tensor) -> Tensor:
        """Convolves."""


class _Convolution:
    def __init__(self, conv: nn.Conv1d, dtype: torch.dtype) -> None:
        self._weight, self._bias = _laid_out(conv, dtype)
        self.size = self._weight.nbytes
        self._padding, self._dilation = (0, int(conv.padding[0])), (1, conv.dilation[0])

    def __call__(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self._weight, self._bias, padding=self._padding, dilation=self._dilation)


class _Upsampling:
    def __init__(self, conv: nn.Module, dtype: torch.dtype) -> None:
        assert isinstance(conv, nn.ConvTranspose1d)
        self._weight, self._bias = _laid_out(conv, dtype)
        self.size = self._weight.nbytes
        self._stride, self._padding = (1, conv.stride[0]), (0, int(conv.padding[0]))

    def __call__(self, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, self._weight, self._bias, self._stride, self._padding)


def _reach(generator: Generator) -> int:
    """Moments before the last stage, on either side, that its sound of a moment depends on."""
    blocks = generator.resblocks[-generator.blocks_per_rate :]
    refining = max(
        sum(int(layer.padding[0]) for layer in block.modules() if isinstance(layer, nn.Conv1d))
        for block in blocks
    )
    up, post = cast(nn.ConvTranspose1d, generator.ups[-1]), generator.conv_post
    return -(-(up.kernel_size[0] + refining + int(post.padding[0])) // generator.rates[-1])


def _laid_out(conv: nn.Conv1d | nn.ConvTranspose1d, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Weight and bias as a convolution over images of height one takes them."""
    assert conv.bias is not None
    weight = conv.weight.detach().unsqueeze(2).to(dtype)
    return weight.contiguous(memory_format=torch.channels_last), conv.bias.detach().to(dtype)


def _convolutions(block: nn.Module, dtype: torch.dtype) -> list[Convolution]:
    """Those of a residual block in the order of their use."""
    assert isinstance(block, ResidualBlock)
    pairs = zip(block.convs1, block.convs2, strict=True)
    return [_fastest(conv, dtype) for pair in pairs for conv in pair]


def _fastest(conv: nn.Module, dtype: torch.dtype) -> Convolution:
    assert isinstance(conv, nn.Conv1d)
    on_cpu = conv.weight.device.type == "cpu"
    by_spectra = on_cpu and dtype == torch.float32 and gains(conv)
    return SpectralConvolution(conv) if by_spectra else _Convolution(conv, dtype)


def _refined(x: Tensor, block: Sequence[Convolution], quiet: Quiet) -> Tensor:
    """What a residual block makes of x, which stays as it is."""
    for conv1, conv2 in zip(block[::2], block[1::2], strict=True):
        y = F.leaky_relu_(quiet(conv1(F.leaky_relu(x, SLOPE))), SLOPE)
        x = quiet(conv2(y)).add_(x)
    return x


def _ended(x: Tensor, end: int) -> Tensor:
    """x, changed: no layer hears what fills a row up behind its end."""
    x[..., end:] = 0
    return x
