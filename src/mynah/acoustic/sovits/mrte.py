"""MRTE: where content, text and timbre meet.

Source: Mega-TTS 2's multi-reference timbre encoder (arXiv:2307.07218), here a
cross-attention from content to phonemes. Upstream: `module/mrte_model.py`.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.sovits.attention import join_heads, split_heads

HEADS = 4


class MRTE(nn.Module):
    """Adds to each content frame what its phonemes say, and the timbre."""

    def __init__(self, channels: int, hidden_channels: int) -> None:
        super().__init__()
        self.cross_attention = CrossAttention(hidden_channels)
        self.c_pre = nn.Conv1d(channels, hidden_channels, 1)
        self.text_pre = nn.Conv1d(channels, hidden_channels, 1)
        self.c_post = nn.Conv1d(hidden_channels, channels, 1)

    def forward(
        self, content: Tensor, mask: Tensor, text: Tensor, text_mask: Tensor, ge: Tensor
    ) -> Tensor:
        """Join content (batch, channels, frames) and text (batch, channels, phonemes).

        Args:
            content: encoded semantic tokens, zero where masked.
            mask: bool, (batch, 1, frames).
            text: encoded phonemes, zero where masked.
            text_mask: bool, (batch, 1, phonemes).
            ge: timbre of shape (batch, hidden channels, 1).
        """
        content = self.c_pre(content)
        heard = self.cross_attention(content * mask, self.text_pre(text), text_mask)
        return self.c_post((heard + content + ge) * mask)


class CrossAttention(nn.Module):
    """Plain multi-head attention, in the released names."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)
        for conv in (self.conv_q, self.conv_k, self.conv_v):
            nn.init.xavier_uniform_(conv.weight)

    def forward(self, x: Tensor, memory: Tensor, memory_mask: Tensor) -> Tensor:
        """Attend from (batch, channels, time) to a masked memory of the same width."""
        query = split_heads(self.conv_q(x), HEADS)
        key = split_heads(self.conv_k(memory), HEADS)
        value = split_heads(self.conv_v(memory), HEADS)
        heard = F.scaled_dot_product_attention(
            query, key, value, attn_mask=memory_mask.unsqueeze(2)
        )
        return self.conv_o(join_heads(heard))
