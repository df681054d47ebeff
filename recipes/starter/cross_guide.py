"""Shows the prior's cross-attention which phoneme a frame belongs to.

Tokens alone leave a tenth of the phonemes unclear, and the GPT slips; the phonemes are there
beside them, but with hours of speech the prior does not find out where each is spoken. Two heads
are told (Tachibana et al. 2017, guided attention); the others stay free.
"""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.sovits.attention import split_heads
from mynah.acoustic.sovits.mrte import HEADS, MRTE
from recipes.starter.sounds import UNKNOWN

GUIDED_HEADS = 2


class CrossGuide:
    """Watches a cross-attention and tells how far its first heads are from the phonemes."""

    def __init__(self, mrte: MRTE) -> None:
        self.attention = mrte.cross_attention
        self.asked: dict[str, Tensor] = {}
        self.attention.conv_q.register_forward_hook(partial(self._keep, "query"))
        self.attention.conv_k.register_forward_hook(partial(self._keep, "key"))

    def _keep(self, name: str, _module: nn.Module, _inputs: object, output: Tensor) -> None:
        self.asked[name] = output

    def loss(self, places: Tensor, phone_lengths: Tensor) -> Tensor:
        """Nats by which the guided heads miss, after a forward pass.

        Args:
            places: place of each frame's phoneme, `UNKNOWN` where there is none, (B, frames).
            phone_lengths: (B,).
        """
        query, key = (
            split_heads(self.asked[name], HEADS)[:, :GUIDED_HEADS].float()
            for name in ("query", "key")
        )
        scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
        outside = torch.arange(key.shape[2], device=key.device) >= phone_lengths[:, None]
        scores = scores.masked_fill(outside[:, None, None], -1e4)
        wanted = places[:, None, : scores.shape[2]].expand(scores.shape[:3])
        missed = F.cross_entropy(
            scores.flatten(0, 2), wanted.flatten(), ignore_index=UNKNOWN, reduction="sum"
        )
        # Recordings without words leave nothing to be told.
        return missed / (wanted != UNKNOWN).sum().clamp(min=1)
