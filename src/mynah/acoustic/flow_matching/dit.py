"""The diffusion transformer that estimates the velocity from noise to a mel spectrogram.

Source: Peebles and Xie, "DiT" (arXiv:2212.09748), as F5-TTS has it (arXiv:2410.06885), with step
lengths as in shortcut models (arXiv:2410.12557). Upstream: `f5_tts/model/backbones/dit.py`.
Attributes bear the names of released weights.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.flow_matching.config import HEAD_CHANNELS, MEL_BANDS, DiTConfig
from mynah.acoustic.flow_matching.embeddings import (
    InputEmbedding,
    RotaryEmbedding,
    TextEmbedding,
    TimeEmbedding,
    rotated,
)

_EPSILON = 1e-6
_NO_DROPOUT = 0.0  # the modules are there because released names count them


class DiT(nn.Module):
    """Velocity of rows that may differ in length, time and step."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        width = config.width
        self.time_embed = TimeEmbedding(width)
        self.d_embed = TimeEmbedding(width)
        self.text_embed = TextEmbedding(config.text_layers)
        self.input_embed = InputEmbedding(width)
        self.rotary_embed = RotaryEmbedding()
        self.transformer_blocks = nn.ModuleList(DiTBlock(config) for _ in range(config.layers))
        self.norm_out = ModulatedNorm(width, parts=2)
        self.proj_out = nn.Linear(width, MEL_BANDS)

    def forward(
        self, x: Tensor, prompt: Tensor, text: Tensor, mask: Tensor, time: Tensor, step: Tensor
    ) -> Tensor:
        """The velocity, (rows, frames, 100).

        Args:
            x: noisy mel, (rows, frames, 100).
            prompt: mel of the prompt, zero elsewhere, (rows, frames, 100).
            text: features through `text_embed`, (rows, frames, 512); the same in all steps.
            mask: bool, (rows, frames, 1).
            time: of each row, (rows,).
            step: length of each row's step through `d_embed`, (rows, width).
        """
        condition = F.silu(self.time_embed(time) + step)
        hidden = self.input_embed(x, prompt, text, mask)
        angles = self.rotary_embed.angles(x.shape[1])
        for block in self.transformer_blocks:
            hidden = block(hidden, condition, angles, mask)
        scale, shift = self.norm_out(condition)
        velocity: Tensor = self.proj_out(_modulated(hidden, scale, shift))
        return velocity


class DiTBlock(nn.Module):
    """Self-attention and a feed-forward layer, both modulated by time."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        width = config.width
        self.attn_norm = ModulatedNorm(width, parts=6)
        self.attn = Attention(width)
        self.ff = FeedForward(width, config.hidden)

    def forward(
        self, x: Tensor, condition: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor
    ) -> Tensor:
        """Map (rows, frames, width) to the same shape."""
        shift, scale, gate, ff_shift, ff_scale, ff_gate = self.attn_norm(condition)
        x = x + gate * self.attn(_modulated(x, scale, shift), angles, mask)
        x = x + ff_gate * self.ff(_modulated(x, ff_scale, ff_shift))
        return x  # noqa: RET504 - the two sums read alike


class ModulatedNorm(nn.Module):
    """The scales, shifts and gates of adaptive layer norms."""

    def __init__(self, width: int, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self.linear = nn.Linear(width, parts * width)

    def forward(self, condition: Tensor) -> tuple[Tensor, ...]:
        """Parts (rows, 1, width) each of a condition (rows, width)."""
        return self.linear(condition).unsqueeze(1).chunk(self.parts, dim=2)


class Attention(nn.Module):
    """Multi-head self-attention in which the first head alone knows positions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.to_q = nn.Linear(width, width)
        self.to_k = nn.Linear(width, width)
        self.to_v = nn.Linear(width, width)
        self.to_out = nn.ModuleList([nn.Linear(width, width), nn.Dropout(_NO_DROPOUT)])

    def forward(self, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor) -> Tensor:
        """Attend within (rows, frames, width) to frames that are not masked."""
        query, key, value = (
            each.unflatten(2, (-1, HEAD_CHANNELS)).transpose(1, 2)
            for each in (rotated(self.to_q(x), angles), rotated(self.to_k(x), angles), self.to_v(x))
        )
        heard = F.scaled_dot_product_attention(query, key, value, attn_mask=mask.mT.unsqueeze(1))
        out: Tensor = self.to_out[0](heard.transpose(1, 2).flatten(2)) * mask
        return out


class FeedForward(nn.Module):
    """Two linear layers, in the released names."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        inner = nn.Sequential(nn.Linear(width, hidden), nn.GELU(approximate="tanh"))
        self.ff = nn.Sequential(inner, nn.Dropout(_NO_DROPOUT), nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        """Map (rows, frames, width) to the same shape."""
        out: Tensor = self.ff(x)
        return out


def _modulated(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=_EPSILON) * (1 + scale) + shift
