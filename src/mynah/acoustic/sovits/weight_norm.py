"""Convolutions with weight normalisation, under the names of released files.

Released weights hold `weight_g` and `weight_v`. PyTorch's own function with
these names is deprecated, and its successor names them differently.
Source: Salimans and Kingma, "Weight Normalization" (arXiv:1602.07868).
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.spectral_convolution import gains_in_training, spectral_conv1d


class WeightNormConv1d(nn.Conv1d):
    """`nn.Conv1d` whose weight is `g * v / |v|`, normed per output channel."""

    weight_g: nn.Parameter
    weight_v: nn.Parameter
    bias: nn.Parameter
    padding: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        padding: int = 0,
        dilation: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, padding=padding, dilation=dilation)
        _split_weight(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, in, time) to (batch, out, time)."""
        weight = normed_weight(self)
        if self.training and gains_in_training(x, weight):
            return spectral_conv1d(x, weight, self.bias, self.dilation[0])
        return F.conv1d(x, weight, self.bias, padding=self.padding, dilation=self.dilation)

    def fused(self) -> nn.Conv1d:
        """The same convolution with its weight computed once."""
        conv = nn.Conv1d(
            self.in_channels,
            self.out_channels,
            self.kernel_size[0],
            padding=self.padding[0],
            dilation=self.dilation[0],
            device="meta",
        )
        _join_weight(self, conv)
        return conv


class WeightNormConvTranspose1d(nn.ConvTranspose1d):
    """`nn.ConvTranspose1d` whose weight is `g * v / |v|`, normed per input channel."""

    weight_g: nn.Parameter
    weight_v: nn.Parameter

    padding: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int,
        padding: int,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride=stride, padding=padding)
        _split_weight(self)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Map (batch, in, time) to (batch, out, stride * time)."""
        return F.conv_transpose1d(x, normed_weight(self), self.bias, self.stride, self.padding)

    def fused(self) -> nn.ConvTranspose1d:
        """The same convolution with its weight computed once."""
        conv = nn.ConvTranspose1d(
            self.in_channels,
            self.out_channels,
            self.kernel_size[0],
            stride=self.stride[0],
            padding=self.padding[0],
            device="meta",
        )
        _join_weight(self, conv)
        return conv


WeightNormed = WeightNormConv1d | WeightNormConvTranspose1d


def normed_weight(conv: WeightNormed) -> Tensor:
    """The weight that `conv` convolves with, of the shape of `weight_v`."""
    weight: Tensor = torch._weight_norm(conv.weight_v, conv.weight_g, 0)
    return weight


def fuse(module: nn.Module) -> None:
    """Replace every weight-normalised convolution below `module` by a plain one.

    Inference then computes no weight twice. A fused module cannot be trained on
    or saved under the released names.
    """
    for name, child in module.named_children():
        if isinstance(child, WeightNormed):
            setattr(module, name, child.fused())
        else:
            fuse(child)


def fused_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Apply `fuse` to a `state_dict()`, or to a part of one with whole layers."""
    fused: dict[str, Tensor] = {}
    for name, tensor in state.items():
        layer, _, own = name.rpartition(".")
        if own == "weight_v":
            fused[f"{layer}.weight"] = torch._weight_norm(tensor, state[f"{layer}.weight_g"], 0)
        elif own != "weight_g":
            fused[name] = tensor
    return fused


def _split_weight(conv: WeightNormed) -> None:
    weight = conv.weight.detach()
    del conv.weight
    conv.weight_g = nn.Parameter(weight.norm(dim=(1, 2), keepdim=True))
    conv.weight_v = nn.Parameter(weight.clone())


def _join_weight(conv: WeightNormed, plain: nn.Conv1d | nn.ConvTranspose1d) -> None:
    plain.weight = nn.Parameter(normed_weight(conv).detach(), requires_grad=False)
    plain.bias = conv.bias
