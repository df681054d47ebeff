"""The GPT of GPT-SoVITS: a prefix language model from phonemes to semantic tokens.

One sequence holds a row's phonemes and, directly after them, its semantic tokens.
Every position sees all phonemes; a token sees the tokens up to itself as well. So
one rule makes every mask: *a key is visible if it is a phoneme or not in the future*.
Rows of a batch are packed to the left, and what pads them lies in the future.

Source: upstream `GPT_SoVITS/AR/models/t2s_model.py`, after VALL-E
(https://arxiv.org/abs/2301.02111). Parameter names are the released ones.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from mynah.semantic.config import BERT_SIZE, POSITIONS, SemanticConfig
from mynah.semantic.kv_cache import (
    AppendedSlots,
    Attend,
    KVCache,
    LayeredKVCache,
    TorchKVCache,
    attend,
    side_by_side,
    split,
)
from mynah.semantic.sampling import SamplingOptions

SMALL = 16_000_000
"""Weights of a GPT whose steps are over before a second thread has woken up: between two of them
threads fall asleep, which no loop over steps alone shows."""


class Appendable(Protocol):
    """A KV cache or several whose slots grow by a token a step."""

    def grow(self, rows: int) -> list[AppendedSlots]:
        """Append a place to each of the first `rows` slots."""


class TokenEmbedding(nn.Module):
    """A table of vectors under the released name."""

    def __init__(self, vocabulary: int, hidden: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocabulary, hidden)

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (...) to vectors (..., hidden)."""
        return cast(Tensor, self.word_embeddings(ids))


class SinePositions(nn.Module):
    """Sinusoidal positions with a learned weight `alpha`."""

    table: Tensor

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1))
        # On the CPU even if weights to be loaded are only promised, on the meta device.
        even = torch.arange(0, hidden, 2, device="cpu")
        positions = torch.arange(POSITIONS, device="cpu")
        angles = positions[:, None] * torch.exp(even * (-math.log(10000.0) / hidden))
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
        self.register_buffer("table", table, persistent=False)

    def forward(self, positions: Tensor) -> Tensor:
        """Positions (...) to weighted vectors (..., hidden)."""
        return self.alpha * self.table[positions]


class Attention(nn.Module):
    """Multi-head self-attention with one projection for query, key and value.

    Unlike upstream it drops no attention weights in training: with dropout inside it,
    torch has no fused attention on CPU and a step takes a third longer.
    """

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * hidden, hidden))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * hidden))
        self.out_proj = nn.Linear(hidden, hidden)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, attend: Attend) -> Tensor:
        """(rows, time, hidden) to the same shape; `attend` knows the mask."""
        projected = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        mixed = attend(projected.view(*x.shape[:2], 3, self.heads, -1))
        return cast(Tensor, self.out_proj(mixed.to(x.dtype)))


class Layer(nn.Module):
    """A post-norm transformer layer with a ReLU MLP."""

    def __init__(self, config: SemanticConfig, dropout: float) -> None:
        super().__init__()
        self.self_attn = Attention(config.hidden, config.heads)
        self.linear1 = nn.Linear(config.hidden, 4 * config.hidden)
        self.linear2 = nn.Linear(4 * config.hidden, config.hidden)
        self.norm1 = nn.LayerNorm(config.hidden)
        self.norm2 = nn.LayerNorm(config.hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, attend: Attend) -> Tensor:
        """(rows, time, hidden) to the same shape."""
        x = self.norm1(x + self.dropout(self.self_attn(x, attend)))
        inner = self.dropout(F.relu(self.linear1(x)))
        return cast(Tensor, self.norm2(x + self.dropout(self.linear2(inner))))


class Layers(nn.Module):
    """The stack of layers under its released name `h.layers`."""

    def __init__(self, config: SemanticConfig, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config, dropout) for _ in range(config.layers))

    def forward(self, x: Tensor, attends: Sequence[Attend]) -> Tensor:
        """(rows, time, hidden) to the same shape; one attention per layer."""
        for layer, attend_here in zip(self.layers, attends, strict=True):
            x = layer(x, attend_here)
        return x


class GPT(nn.Module):
    """Phonemes, their BERT features and prompt tokens to logits of semantic tokens.

    Attributes:
        config: the sizes.
        sampling: its default options.
    """

    def __init__(self, config: SemanticConfig, dropout: float = 0.1) -> None:
        super().__init__()
        self.config = config
        self.sampling = SamplingOptions()
        self.bert_proj = nn.Linear(BERT_SIZE, config.hidden)
        self.ar_text_embedding = TokenEmbedding(config.phoneme_vocabulary, config.hidden)
        self.ar_text_position = SinePositions(config.hidden)
        self.ar_audio_embedding = TokenEmbedding(config.vocabulary, config.hidden)
        self.ar_audio_position = SinePositions(config.hidden)
        self.h = Layers(config, dropout)
        self.ar_predict_layer = nn.Linear(config.hidden, config.vocabulary, bias=False)
        self.dropout = nn.Dropout(dropout)

    @property
    def step_threads(self) -> int | None:
        """Threads of torch that steps are fastest with; as many as there are if None."""
        return 1 if self.config.weights <= SMALL else None

    def forward(
        self,
        phones: Tensor,
        phone_lengths: Tensor,
        bert: Tensor | None,
        tokens: Tensor,
        token_lengths: Tensor,
    ) -> Tensor:
        """Teacher forcing: `logits[:, t]` predict `tokens[:, t]`, and after the last one EOS.

        The first token is predicted at a row's last phoneme. Rows are padded on the right
        with any valid id; logits beyond a row's `token_lengths` are to be ignored.

        Args:
            phones: (rows, phones) ids.
            phone_lengths: (rows,), at least 1 each.
            bert: (rows, bert, phones) features, or None for zeros.
            tokens: (rows, tokens) ids; `tokens` may be 0.
            token_lengths: (rows,).

        Returns:
            (rows, tokens + 1, vocabulary) logits.
        """
        x = self.pack(phones, phone_lengths, bert, tokens)
        visible = visible_places(x.shape[1], phone_lengths)
        x = self.h(x, [partial(_attend, visible)] * self.config.layers)
        predicting = torch.arange(tokens.shape[1] + 1, device=x.device) + phone_lengths[:, None] - 1
        return cast(Tensor, self.ar_predict_layer(_take(x, predicting)))

    def new_cache(self, rows: int, capacity: int) -> KVCache:
        """A KV cache for `rows` sequences of up to `capacity` phonemes and tokens."""
        weight = self.ar_predict_layer.weight
        # Attention of a single query in bf16 is five times slower on CPU than in fp32.
        dtype = torch.float32 if weight.device.type == "cpu" else weight.dtype
        return TorchKVCache(self.config, rows, capacity, dtype=dtype, device=weight.device)

    def prefill(
        self,
        phones: Sequence[Tensor],
        bert: Sequence[Tensor | None],
        prompts: Sequence[Tensor],
        cache: KVCache,
        first: int = 0,
    ) -> Tensor:
        """Prefill slots of the cache, whatever those held before.

        Args:
            phones: of each request, (phones,) ids, at least one.
            bert: of each, (bert, phones) features, or None for zeros.
            prompts: of each, (tokens,) ids of the prompt; may be empty.
            cache: for keys and values.
            first: slot of the first request; the others follow.

        Returns:
            (requests, vocabulary) logits of each one's first token.
        """
        device = self.ar_predict_layer.weight.device
        text_lengths, prompt_lengths = list(map(len, phones)), list(map(len, prompts))
        text_length = torch.tensor(text_lengths, device=device)
        x = self.pack(
            pad_sequence(list(phones), batch_first=True).to(device).long(),
            text_length,
            _padded_features(bert, text_lengths, device),
            pad_sequence(list(prompts), batch_first=True).to(device).long(),
        )
        x = x[:, : max(map(sum, zip(text_lengths, prompt_lengths, strict=True)))]
        x = self._prefill_layers(x, cache, first, text_lengths, prompt_lengths)
        last = text_length + torch.tensor(prompt_lengths, device=device) - 1
        return self._predict(_take(x, last[:, None])[:, 0])

    def step(self, tokens: Tensor, cache: Appendable) -> Tensor:
        """Decode one more token of the sequences in the first slots.

        Args:
            tokens: (rows,) ids of their last tokens.
            cache: filled by `prefill`; every slot grows by one.

        Returns:
            (rows, vocabulary) logits of their next tokens.
        """
        grown = cache.grow(len(tokens))
        positions = torch.cat([part.positions for part in grown])
        x = self.ar_audio_embedding(tokens) + self.ar_audio_position(positions)
        return self._predict(self._step_layers(x, grown))

    def pack(
        self, phones: Tensor, phone_lengths: Tensor, bert: Tensor | None, tokens: Tensor
    ) -> Tensor:
        """Embed phonemes and tokens, each row's tokens directly after its phonemes.

        Args:
            phones: (rows, phones) ids, padded with any.
            phone_lengths: (rows,).
            bert: (rows, bert, phones) features, or None for zeros.
            tokens: (rows, tokens) ids, padded with any.

        Returns:
            (rows, phones + tokens, hidden); what is behind a row's last token is padding.
        """
        text, audio = self._embed_text(phones, bert), self._embed_audio(tokens)
        place = torch.arange(text.shape[1] + audio.shape[1], device=text.device)
        lengths = phone_lengths[:, None]
        padding = text.shape[1] - lengths
        # What `where` lets run over the end is padding; the last place stands in for it.
        source = torch.where(place < lengths, place, place + padding).clamp_max(len(place) - 1)
        return cast(Tensor, self.dropout(_take(torch.cat([text, audio], dim=1), source)))

    def _prefill_layers(
        self, x: Tensor, cache: KVCache, first: int, phones: Sequence[int], tokens: Sequence[int]
    ) -> Tensor:
        """Packed sequences (rows, time, hidden) through the layers; keys and values are cached."""
        visible = visible_places(x.shape[1], torch.tensor(phones, device=x.device))
        return cast(
            Tensor, self.h(x, cast(LayeredKVCache, cache).fill(first, phones, tokens, visible))
        )

    def _step_layers(self, x: Tensor, grown: Sequence[AppendedSlots]) -> Tensor:
        """One token (rows, hidden) of each sequence through the layers."""
        return cast(Tensor, self.h(x[:, None], side_by_side(grown))[:, 0])

    def _predict(self, x: Tensor) -> Tensor:
        """Rows (rows, hidden) to logits (rows, vocabulary)."""
        return cast(Tensor, self.ar_predict_layer(x))

    def _embed_text(self, phones: Tensor, bert: Tensor | None) -> Tensor:
        project = self.bert_proj
        features = project.bias
        if bert is not None:
            features = project(bert.transpose(1, 2).to(project.weight.dtype))
        positions = torch.arange(phones.shape[1], device=phones.device)
        return cast(
            Tensor, self.ar_text_embedding(phones) + features + self.ar_text_position(positions)
        )

    def _embed_audio(self, tokens: Tensor) -> Tensor:
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        return cast(Tensor, self.ar_audio_embedding(tokens) + self.ar_audio_position(positions))


def _padded_features(
    bert: Sequence[Tensor | None], lengths: Sequence[int], device: torch.device
) -> Tensor | None:
    """Features (rows, bert, phones) of rows that have any, zeros elsewhere."""
    if all(features is None for features in bert):
        return None
    padded = torch.zeros(len(bert), BERT_SIZE, max(lengths), device=device)
    for row, features in enumerate(bert):
        if features is not None:
            padded[row, :, : features.shape[1]] = features
    return padded


def _attend(visible: Tensor, projected: Tensor) -> Tensor:
    return attend(visible, *split(projected))


def visible_places(length: int, phone_lengths: Tensor) -> Tensor:
    """Mask (rows, 1, query, key): phonemes and whatever is not in the future."""
    place = torch.arange(length, device=phone_lengths.device)
    return (place < phone_lengths[:, None, None, None]) | (place <= place[:, None])


def _take(x: Tensor, places: Tensor) -> Tensor:
    """Pick `places` (rows, n) of x (rows, time, hidden)."""
    rows = torch.arange(len(x), device=x.device)
    return x[rows[:, None], places]
