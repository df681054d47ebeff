"""The codebook of semantic tokens.

Source: van den Oord et al., "Neural Discrete Representation Learning"
(arXiv:1711.00937). Upstream: `module/quantize.py` and `module/core_vq.py`, of
which SoVITS uses a single codebook.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.sovits.config import CODEBOOK_SIZE, SSL_CHANNELS


class Codebook(nn.Module):
    """Code vectors, and the running sums from which training moves them."""

    inited: Tensor
    cluster_size: Tensor
    embed: Tensor
    embed_avg: Tensor

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("inited", torch.ones(1))
        self.register_buffer("cluster_size", torch.ones(size))
        self.register_buffer("embed", torch.randn(size, channels))
        self.register_buffer("embed_avg", self.embed.clone())


class Quantizer(nn.Module):
    """Nearest code of a feature, and feature of a code."""

    def __init__(self, size: int = CODEBOOK_SIZE, channels: int = SSL_CHANNELS) -> None:
        super().__init__()
        # Released names come from a residual quantiser with one layer.
        layer = nn.ModuleDict({"_codebook": Codebook(size, channels)})
        self.vq = nn.ModuleDict({"layers": nn.ModuleList([layer])})

    @property
    def codebook(self) -> Codebook:
        """The one codebook."""
        codebook = self.get_submodule("vq.layers.0._codebook")
        assert isinstance(codebook, Codebook)
        return codebook

    def distances(self, features: Tensor) -> Tensor:
        """Of float32 (batch, channels, time) from each code, (batch, time, codes).

        They are squared, and less by what is the same for all codes.
        """
        embed = self.codebook.embed
        return embed.pow(2).sum(1) - 2 * features.transpose(1, 2) @ embed.T

    def decode(self, codes: Tensor) -> Tensor:
        """Code vectors of (batch, time) integers, as (batch, channels, time)."""
        return F.embedding(codes, self.codebook.embed).transpose(1, 2)
