"""CPU backend of the generator: channels last in memory, in bfloat16 or in float32.

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
from mynah.runtime.preemption import give_way

STEP = 16
"""Frames of whose multiples a row is made: oneDNN prepares itself for each new length, which takes
as long as up to a second of sound."""

Silence = Callable[[Tensor], Tensor]
"""Zeroes the padding of rows (batch, channels, 1, time) in place."""

SHORT = 24
"""Frames of the one length between: of the first chunk, which somebody waits for."""


PART = 16_384
"""Samples before the last stage that it decodes at once. Memory for more is returned to the system
and fetched again at each layer, which takes as long as the work itself."""


def padded_length(frames: int) -> int:
    """Frames that a row of so many is padded to."""
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
        """Decode latents, row by row: one keeps a CPU busy, and does not depend on the others.

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
        padded = F.pad(z, (0, padded_length(end) - end))
        x = self._generator.conv_pre(padded) + self._generator.cond(ge)
        # Convolutions over time are done as over images of height one, which have this layout.
        x = _silenced(x.unsqueeze(2).contiguous(memory_format=torch.channels_last), end)
        for stage, rate in zip(self._stages[:-1], self._generator.rates, strict=False):
            end *= rate
            x = stage(x, partial(_silenced, end=end))
        return self._last_stage(x, end)

    def _last_stage(self, x: Tensor, end: int) -> Tensor:
        """Run the last stage in parts of one length, and join their waveforms."""
        rate, length = self._generator.rates[-1], x.shape[3]
        size = -(-length // -(-length // PART))
        window, waves = min(length, size + 2 * self._reach), []
        for start in range(0, end, size):
            first = min(max(0, start - self._reach), length - window)
            part = x[..., first : first + window].clone(memory_format=torch.channels_last)
            refined = self._stages[-1](part, partial(_silenced, end=(end - first) * rate))
            own = slice((start - first) * rate, (min(end, start + size) - first) * rate)
            waves.append(self._wave(refined)[..., own])
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

    def __call__(self, x: Tensor, silence: Silence) -> Tensor:
        """Upsample x, which is changed, and refine it; `silence` zeroes each layer's padding."""
        x = silence(self._up(F.leaky_relu_(x, SLOPE).to(self._dtype)))
        refined = [_refined(x, block, silence) for block in self._blocks]
        return sum_of(refined).div_(len(self._blocks))


class Convolution(Protocol):
    """A convolution over (1, channels, 1, time) to the same shape."""

    @property
    def size(self) -> int:
        """Bytes of its weights."""

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve."""


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
    """Receptive field of the last stage: samples before it, on either side of one."""
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
    """Convolutions of a residual block in the order of their use."""
    assert isinstance(block, ResidualBlock)
    pairs = zip(block.convs1, block.convs2, strict=True)
    return [_fastest(conv, dtype) for pair in pairs for conv in pair]


def _fastest(conv: nn.Module, dtype: torch.dtype) -> Convolution:
    assert isinstance(conv, nn.Conv1d)
    on_cpu = conv.weight.device.type == "cpu"
    by_spectra = on_cpu and dtype == torch.float32 and gains(conv)
    return SpectralConvolution(conv) if by_spectra else _Convolution(conv, dtype)


def _refined(x: Tensor, block: Sequence[Convolution], silence: Silence) -> Tensor:
    """Output of a residual block; x stays as it is."""
    for conv1, conv2 in zip(block[::2], block[1::2], strict=True):
        give_way()
        y = F.leaky_relu_(silence(conv1(F.leaky_relu(x, SLOPE))), SLOPE)
        x = silence(conv2(y)).add_(x)
    return x


def _silenced(x: Tensor, end: int) -> Tensor:
    """Zero the padding behind a row's end, in place."""
    x[..., end:] = 0
    return x
