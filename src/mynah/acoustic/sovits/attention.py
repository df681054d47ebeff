"""Transformer encoder with relative positions, as in VITS.

Source: Kim et al., "Conditional Variational Autoencoder with Adversarial
Learning" (arXiv:2106.06103); relative positions after Shaw et al.
(arXiv:1803.02155). Upstream: `module/attentions.py`.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WINDOW = 4
"""Positions to each side for which a relative embedding is learned."""


class Encoder(nn.Module):
    """Post-norm transformer whose feed-forward layers are convolutions."""

    def __init__(
        self,
        channels: int,
        *,
        filter_channels: int,
        n_heads: int,
        n_layers: int,
        kernel_size: int,
        p_dropout: float,
    ) -> None:
        super().__init__()
        self.drop = nn.Dropout(p_dropout)
        self.attn_layers = nn.ModuleList(
            RelativeAttention(channels, n_heads, p_dropout) for _ in range(n_layers)
        )
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(channels) for _ in range(n_layers))
        self.ffn_layers = nn.ModuleList(
            FeedForward(channels, filter_channels, kernel_size, p_dropout) for _ in range(n_layers)
        )
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(channels) for _ in range(n_layers))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Encode (batch, channels, time) under a bool mask (batch, 1, time)."""
        x = x * mask
        for attention, norm1, feed_forward, norm2 in zip(
            self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True
        ):
            x = norm1(x + self.drop(attention(x, mask)))
            x = norm2(x + self.drop(feed_forward(x, mask)))
        return x * mask


class RelativeAttention(nn.Module):
    """Self-attention that adds learned embeddings of the distance to keys and values."""

    def __init__(self, channels: int, n_heads: int, p_dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        width = channels // n_heads
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)
        self.drop = nn.Dropout(p_dropout)
        self.emb_rel_k = nn.Parameter(torch.randn(1, 2 * WINDOW + 1, width) * width**-0.5)
        self.emb_rel_v = nn.Parameter(torch.randn(1, 2 * WINDOW + 1, width) * width**-0.5)
        for conv in (self.conv_q, self.conv_k, self.conv_v):
            nn.init.xavier_uniform_(conv.weight)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Attend within (batch, channels, time); masked positions are not seen."""
        query, key, value = (
            split_heads(conv(x), self.n_heads) for conv in (self.conv_q, self.conv_k, self.conv_v)
        )
        query = query / math.sqrt(query.shape[-1])
        scores = query @ key.transpose(-2, -1)
        scores = scores + from_relative(query @ self.emb_rel_k.transpose(-2, -1))
        # Large and finite: minus infinity turns rows without any key into NaN.
        scores = scores.masked_fill(~mask.unsqueeze(2), -1e4)
        weights = self.drop(scores.softmax(dim=-1))
        output: Tensor = weights @ value + to_relative(weights) @ self.emb_rel_v
        return self.conv_o(join_heads(output))


class FeedForward(nn.Module):
    """Two convolutions over time with a ReLU between them."""

    def __init__(
        self, channels: int, filter_channels: int, kernel_size: int, p_dropout: float
    ) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(channels, filter_channels, kernel_size)
        self.conv_2 = nn.Conv1d(filter_channels, channels, kernel_size)
        self.drop = nn.Dropout(p_dropout)
        self.padding = ((kernel_size - 1) // 2, kernel_size // 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Map (batch, channels, time) to the same shape."""
        x = self.drop(F.relu(self.conv_1(F.pad(x * mask, self.padding))))
        x = self.conv_2(F.pad(x * mask, self.padding))
        return x * mask


class ChannelNorm(nn.Module):
    """Layer norm over the channels of (batch, channels, time)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each time step."""
        x = F.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta)
        return x.transpose(1, 2)


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """(batch, heads * width, time) to (batch, heads, time, width)."""
    return torch.unflatten(x, 1, (n_heads, -1)).transpose(2, 3)


def join_heads(x: Tensor) -> Tensor:
    """(batch, heads, time, width) to (batch, heads * width, time)."""
    return x.transpose(2, 3).flatten(1, 2)


def from_relative(diagonals: Tensor) -> Tensor:
    """Spread (..., time, 2 * WINDOW + 1) over the diagonals of (..., time, time).

    Entry k of row i lands in column i + k - WINDOW; all other entries are zero.
    A row one longer than the next matrix's rows shifts by one column per row.
    """
    time, width = diagonals.shape[-2:]
    skewed = F.pad(diagonals, (0, time)).flatten(-2)[..., :-time]
    return torch.unflatten(skewed, -1, (time, time + width - 1))[..., WINDOW : WINDOW + time]


def to_relative(scores: Tensor) -> Tensor:
    """Collect the diagonals of (..., time, time): the inverse of `from_relative`."""
    time, width = scores.shape[-1], 2 * WINDOW + 1
    skewed = F.pad(F.pad(scores, (WINDOW, WINDOW)).flatten(-2), (0, time))
    return torch.unflatten(skewed, -1, (time, time + width))[..., :width]
