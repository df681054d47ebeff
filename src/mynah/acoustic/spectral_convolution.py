"""Convolutions by products of spectra: the same sums with a third of the multiplications.

Time is cut into overlapping blocks; a block's spectrum, times that of the weights, is the spectrum
of its convolution, of which the part is kept that does not wrap around (overlap-save). A product of
complex numbers takes three real ones (Gauss). Spectra of blocks as short as these are made by small
matrices, so that all of it is matrix products, which CPUs are fastest in:

    output = leaving @ ((entering @ blocks) * spectra of the weights)

Long kernels and many channels gain by it in float32; the exact sums differ by rounding alone.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

LEAST_CHANNELS = 128
KERNELS = range(7, 12)
"""With fewer channels or shorter kernels the plain sums are as fast; longer ones leave little of a
block."""

LEAST_TRAINED = 32
"""The same in training, for the plain gradients are slower still."""

MANY_CHANNELS = 256
LONG_BLOCK, SHORT_BLOCK = 32, 16
"""Samples of a block. A long one saves more products, but with many channels the spectra of the
weights take too much memory."""


class SpectralConvolution:
    """A convolution over (1, channels, 1, time) in float32, with channels last in memory.

    Args:
        conv: with as many channels before as behind, and padding that leaves time as it is.
    """

    def __init__(self, conv: nn.Conv1d) -> None:
        assert conv.bias is not None
        self._blocks = _Blocks(conv.in_channels, conv.kernel_size[0], conv.dilation[0])
        self._spectra = self._blocks.of_weights(conv.weight.detach()).contiguous()
        self._bias = conv.bias.detach()

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return self._spectra.nbytes

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve (1, channels, 1, time) to the same shape and layout."""
        rows = x[0, :, 0].T
        products = torch.bmm(self._blocks.entered(rows), self._spectra)
        return self._blocks.left(products, len(rows), self._bias).T[None, :, None]


def spectral_conv1d(x: Tensor, weight: Tensor, bias: Tensor, dilation: int) -> Tensor:
    """`F.conv1d` from (batch, channels, time) to the same shape, with gradients.

    For the plain gradients of long kernels a CPU takes up to twice as long.
    """
    gap = dilation * (weight.shape[2] - 1) // 2
    rows = F.pad(x.transpose(1, 2), (0, 0, 0, gap))  # so that no row reaches its neighbour
    convolve: Callable[..., Tensor] = _Spectral.apply
    out = convolve(rows.flatten(0, 1), weight, bias, dilation)
    return out.unflatten(0, rows.shape[:2])[:, : x.shape[2]].transpose(1, 2)


class _Spectral(torch.autograd.Function):
    """A convolution over (time, channels) to the same shape."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - whatever torch hands over
        rows: Tensor,
        weight: Tensor,
        bias: Tensor,
        dilation: int,
    ) -> Tensor:
        blocks = _Blocks(weight.shape[0], weight.shape[2], dilation)
        entered = blocks.entered(rows)
        ctx.blocks = blocks
        ctx.save_for_backward(entered if ctx.needs_input_grad[1] else None, weight)
        return blocks.left(torch.bmm(entered, blocks.of_weights(weight)), len(rows), bias)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,  # noqa: ANN401
        wanted: Tensor,
    ) -> tuple[Tensor | None, ...]:
        blocks: _Blocks = ctx.blocks
        entered, weight = ctx.saved_tensors
        back = to_weight = to_bias = None
        if ctx.needs_input_grad[0]:
            mirrored = blocks.of_weights(weight.transpose(0, 1).flip(2))
            back = blocks.left(torch.bmm(blocks.entered(wanted), mirrored), len(wanted))
        if ctx.needs_input_grad[1]:
            to_weight = blocks.to_weights(torch.bmm(entered.mT, blocks.unleft(wanted)))
        if ctx.needs_input_grad[2]:
            to_bias = wanted.sum(0)
        return back, to_weight, to_bias, None


class _Blocks:
    """Blocks of time for one kernel, with the transforms to spectra and back.

    Args:
        channels: of input and output.
        kernel: its length.
        dilation: distance of the samples that it reads.
    """

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        self._block = SHORT_BLOCK if channels >= MANY_CHANNELS else LONG_BLOCK
        self._kept = self._block + 1 - kernel
        self._apart = dilation
        self._padding = dilation * (kernel - 1) // 2
        self._entering, self._weighing, self._leaving = _transforms(kernel, self._block)

    def of_weights(self, weight: Tensor) -> Tensor:
        """Spectra (ranks, in, out) of weights (out, in, kernel)."""
        spectra = torch.einsum("rk,oik->rio", self._weighing, weight.double())
        return spectra.float()

    def to_weights(self, spectra: Tensor) -> Tensor:
        """Gradients of weights (out, in, kernel) from those of their spectra (ranks, in, out)."""
        return torch.einsum("rk,rio->oik", self._weighing.float(), spectra)

    def entered(self, rows: Tensor) -> Tensor:
        """Spectra (ranks, blocks, channels) of overlapping blocks of rows (time, channels)."""
        count, missing = self._count(len(rows))
        rows = F.pad(rows, (0, 0, self._padding, self._padding + missing))
        ranks, channels = len(self._entering), rows.shape[1]
        spectra = rows.new_empty(self._apart, count, ranks, channels)
        strides = (self._kept * self._apart * channels, self._apart * channels, 1)
        for phase in range(self._apart):
            shape = (count, self._block, channels)
            entering = rows.as_strided(shape, strides, phase * channels)
            torch.bmm(self._entering.expand(count, -1, -1), entering, out=spectra[phase])
        return spectra.view(-1, ranks, channels).transpose(0, 1)

    def left(self, products: Tensor, time: int, bias: Tensor | None = None) -> Tensor:
        """Rows (time, channels) of which such spectra are, without what wraps around."""
        count, _ = self._count(time)
        ranks, _, channels = products.shape
        products = products.view(ranks, self._apart, count, channels)
        made = products.new_empty(count, self._kept, self._apart, channels)
        leaving = self._leaving.expand(count, -1, -1)
        start = products.new_zeros(channels) if bias is None else bias
        for phase in range(self._apart):
            product = products[:, phase].transpose(0, 1)
            made[:, :, phase] = torch.baddbmm(start, leaving, product)
        return made.view(-1, channels)[:time]

    def unleft(self, rows: Tensor) -> Tensor:
        """Gradients (ranks, blocks, channels) of spectra from those of what they are left as."""
        count, missing = self._count(len(rows))
        ranks, channels = len(self._entering), rows.shape[1]
        blocks = F.pad(rows, (0, 0, 0, missing)).view(count, self._kept, self._apart, channels)
        spectra = rows.new_empty(self._apart, count, ranks, channels)
        for phase in range(self._apart):
            back = self._leaving.T.expand(count, -1, -1)
            torch.bmm(back, blocks[:, :, phase], out=spectra[phase])
        return spectra.view(-1, ranks, channels).transpose(0, 1)

    def _count(self, time: int) -> tuple[int, int]:
        """Blocks of each phase, and samples that fill up the last."""
        each = self._kept * self._apart
        return -(-time // each), -time % each


def gains(conv: nn.Conv1d) -> bool:
    """True if a convolution is faster by spectra."""
    return conv.in_channels >= LEAST_CHANNELS and conv.kernel_size[0] in KERNELS


def gains_in_training(x: Tensor, weight: Tensor) -> bool:
    """True if a convolution of x (batch, channels, time) and its gradients are faster so."""
    out, channels, kernel = weight.shape
    plain = x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    return plain and LEAST_TRAINED <= channels == out and kernel in KERNELS


@cache
def _transforms(kernel: int, block: int) -> tuple[Tensor, Tensor, Tensor]:
    """Matrices for kernels and blocks of a length, in float32 but for the weights'.

    Returns:
        From a block to its spectrum (ranks, block), from weights to theirs (ranks, kernel), and
        from their product to what is kept of the block (block - kernel + 1, ranks).
    """
    time = torch.arange(block, dtype=torch.float64)
    entering, weighing, leaving = [], [], []
    for frequency in range(block // 2 + 1):
        angles = 2 * math.pi / block * frequency * time
        cosine, sine = angles.cos(), angles.sin()
        real, imaginary = cosine[:kernel], sine[:kernel]  # of the conjugate, for a correlation
        back, across = cosine[: block + 1 - kernel] / block, sine[: block + 1 - kernel] / block
        if frequency in (0, block // 2):
            entering += [cosine]
            weighing += [real]
            leaving += [back]
        else:
            # (a + bi)(c + di) = c(a + b) - b(c + d) + (c(a + b) + a(d - c))i
            entering += [cosine - sine, cosine, -sine]
            weighing += [real, imaginary - real, real + imaginary]
            leaving += [2 * (back - across), -2 * across, -2 * back]
    return torch.stack(entering).float(), torch.stack(weighing), torch.stack(leaving, 1).float()
