"""Reference for the semantic stage: a plain loop that decodes one request in float32."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import count, islice, pairwise
from statistics import median

import torch
from torch import Tensor

from benchmarks.speed.semantic import random_request
from mynah.semantic.gpt import GPT
from mynah.semantic.kv_cache import attend, split
from mynah.semantic.sampling import Sampler
from mynah.semantic.sequence import SemanticRequest, TokenSequence


class GrowingCache:
    """A layer's keys and values, which are copied to grow."""

    def __init__(self) -> None:
        self._keys: Tensor | None = None
        self._values: Tensor | None = None

    def attend(self, visible: Tensor, projected: Tensor) -> Tensor:
        """See `Attend`; what is visible is broadcast to (rows, 1, query, key)."""
        query, keys, values = split(projected)
        if self._keys is not None and self._values is not None:
            keys = torch.cat([self._keys, keys], dim=2)
            values = torch.cat([self._values, values], dim=2)
        self._keys, self._values = keys, values
        return attend(visible, query, keys, values)


@torch.inference_mode()
def reference_tokens(gpt: GPT, request: SemanticRequest) -> Iterator[int]:
    """Decode a request without text features with the GPT's own layers, until it ends."""
    row = TokenSequence.of(request, gpt.config.vocabulary, torch.device("cpu"))
    sampler, caches = Sampler([row.sampler]), [GrowingCache() for _ in range(gpt.config.layers)]
    prompt = gpt.ar_audio_embedding(request.prompt)
    x = torch.cat([_text(gpt, request), prompt + _position(gpt, torch.arange(len(prompt)))])[None]
    place = torch.arange(x.shape[1])
    visible = (place < len(request.phones)) | (place <= place[:, None])
    for number in count(len(prompt)):
        x = gpt.h(x, [partial(cache.attend, visible) for cache in caches])
        token = sampler(gpt.ar_predict_layer(x[:, -1]))
        if token == gpt.config.eos:
            return
        yield int(token)
        position = torch.tensor([number])
        x = (gpt.ar_audio_embedding(token) + _position(gpt, position))[None]
        visible = torch.ones(1, 1, dtype=torch.bool)


def reference_tokens_per_second(gpt: GPT, tokens: int = 50) -> float:
    """Speed of a plain loop by the median token, after the first."""
    times = [time.perf_counter() for _ in islice(reference_tokens(gpt, random_request()), tokens)]
    return 1 / median(later - earlier for earlier, later in pairwise(times))


def _text(gpt: GPT, request: SemanticRequest) -> Tensor:
    text = gpt.ar_text_embedding(request.phones) + gpt.bert_proj.bias
    return text + gpt.ar_text_position(torch.arange(len(text)))


def _position(gpt: GPT, positions: Tensor) -> Tensor:
    position: Tensor = gpt.ar_audio_position(positions)
    return position
