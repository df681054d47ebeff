"""Convolutions by products of spectra: the same sums with a third of the multiplications.

Time is cut into overlapping blocks; a block's spectrum, times that of the weights, is the spectrum
of its convolution, of which the part is kept that does not wrap around (overlap-save). A product of
complex numbers takes three real ones (Gauss). Spectra of blocks as short as these are made by small
matrices, so that all of it is matrix products, which CPUs are fastest in:

    output = leaving @ ((entering @ blocks) * spectra of the weights)

Long kernels and many channels gain by it in float32; the exact sums differ by rounding alone.
"""

import math
from collections.abc import Iterator
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAST_CHANNELS = 128
KERNELS = range(7, 12)
"""With fewer channels or shorter kernels the plain sums are as fast; longer ones leave little of a
block."""

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
        kernel, self._dilation = conv.kernel_size[0], conv.dilation[0]
        self._block = SHORT_BLOCK if conv.in_channels >= MANY_CHANNELS else LONG_BLOCK
        self._kept = self._block + 1 - kernel
        self._padding = self._dilation * (kernel - 1) // 2
        self._entering, weighing, self._leaving = _transforms(kernel, self._block)
        spectra = torch.einsum("rk,oik->rio", weighing, conv.weight.detach().double())
        self._spectra = spectra.float().contiguous()
        self._bias = conv.bias.detach()

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return self._spectra.nbytes

    def __call__(self, x: Tensor) -> Tensor:
        """Convolves (1, channels, 1, time) to the same shape and layout."""
        rows = x[0, :, 0].T
        time, channels = rows.shape
        apart = self._dilation
        blocks = -(-time // (self._kept * apart))
        missing = blocks * self._kept * apart - time
        rows = F.pad(rows, (0, 0, self._padding, self._padding + missing))
        ranks = len(self._entering)
        spectra = rows.new_empty(apart, blocks, ranks, channels)
        for phase, entering in self._phases(rows, blocks):
            torch.bmm(self._entering.expand(blocks, -1, -1), entering, out=spectra[phase])
        products = torch.bmm(spectra.view(-1, ranks, channels).transpose(0, 1), self._spectra)
        products = products.view(ranks, apart, blocks, channels)
        made = rows.new_empty(blocks, self._kept, apart, channels)
        leaving = self._leaving.expand(blocks, -1, -1)
        for phase in range(apart):
            product = products[:, phase].transpose(0, 1)
            made[:, :, phase] = torch.baddbmm(self._bias, leaving, product)
        return made.view(-1, channels)[:time].T[None, :, None]

    def _phases(self, rows: Tensor, blocks: int) -> Iterator[tuple[int, Tensor]]:
        """Blocks (blocks, samples, channels) of every how manieth sample the kernel looks at."""
        channels, apart = rows.shape[1], self._dilation
        for phase in range(apart):
            strides = (self._kept * apart * channels, apart * channels, 1)
            yield phase, rows.as_strided((blocks, self._block, channels), strides, phase * channels)


def gains(conv: nn.Conv1d) -> bool:
    """Whether a convolution is faster by its spectra."""
    return conv.in_channels >= LEAST_CHANNELS and conv.kernel_size[0] in KERNELS


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
