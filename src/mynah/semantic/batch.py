"""Continuous batching: sequences of any callers decoded together, one token a step.

Sequences join and leave between any two steps; what is computed and sampled for one does not
depend on which others are there.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from mynah.errors import TextError
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT
from mynah.semantic.kv_buckets import BUCKETS, KVBuckets
from mynah.semantic.sampling import Sampler
from mynah.semantic.sequence import SemanticRequest, TokenSequence


class Batch(Protocol):
    """Sequences that are decoded together, as a step loop needs them; see `TorchBatch`."""

    @property
    def sequences(self) -> list[TokenSequence]:
        """Sequences of the next step."""

    @property
    def free(self) -> int:
        """Number of sequences that may still join."""

    def validate(self, request: SemanticRequest) -> None:
        """Check that a request can be decoded here.

        Raises:
            TextError, RecordingError, OptionError: see `SemanticRequest.validate`; and the
                prompt and the sentence together are longer than a sequence may be.
        """

    def join(self, requests: Sequence[SemanticRequest]) -> list[TokenSequence]:
        """Prefill up to `free` validated requests, and sample their first tokens."""

    def step(self) -> None:
        """Sample one more token of every sequence; those that end leave."""

    def leave(self, sequence: TokenSequence) -> None:
        """Free a sequence's slot, whether it has ended or not."""


def validate(request: SemanticRequest, config: SemanticConfig, longest: int) -> None:
    """Check that a request fits sequences of up to `longest` phonemes and tokens.

    Raises:
        TextError, RecordingError, OptionError: see `Batch.validate`.
    """
    request.validate(config)
    if request.max_length > longest:
        most = longest - request.max_tokens
        raise TextError(
            f"The sentence and the prompt are {request.prefill_length} phonemes and tokens, the "
            f"model takes {most}; split the text or use a shorter recording."
        )


class TorchBatch:
    """A `Batch` on torch; one thread at a time may use it.

    Args:
        gpt: the model, in eval mode.
        rows: most sequences at a time.
        allocated: slots of the KV cache to begin with; one for each sequence if not given.
        buckets: lengths of the KV cache in phonemes and tokens; see `KVBuckets`.
    """

    def __init__(
        self,
        gpt: GPT,
        rows: int = 16,
        buckets: Sequence[int] = BUCKETS,
        *,
        allocated: int | None = None,
    ) -> None:
        self._gpt = gpt
        self._size = rows
        self._cache = KVBuckets(gpt, allocated or rows, buckets)
        self._sampler: Sampler | None = None

    @property
    def sequences(self) -> list[TokenSequence]:
        return self._cache.sequences

    @property
    def free(self) -> int:
        return self._size - len(self.sequences)

    def validate(self, request: SemanticRequest) -> None:
        validate(request, self._gpt.config, self._cache.longest)

    @torch.inference_mode()
    def join(self, requests: Sequence[SemanticRequest]) -> list[TokenSequence]:
        assert len(requests) <= self.free, (len(requests), self.free)
        weight = self._gpt.ar_predict_layer.weight
        vocabulary = self._gpt.config.vocabulary
        sequences = [TokenSequence.of(request, vocabulary, weight.device) for request in requests]
        for first, cache, group in self._cache.allocate(sequences):
            logits = self._gpt.prefill(
                [sequence.request.phones for sequence in group],
                [sequence.request.bert for sequence in group],
                [sequence.request.prompt for sequence in group],
                cache,
                first,
            )
            self._sample(group, Sampler([sequence.sampler for sequence in group]), logits)
        self._drop_ended()
        self._sampler = None
        return sequences

    @torch.inference_mode()
    def step(self) -> None:
        if not self.sequences:
            return
        if self._cache.move_full() or self._sampler is None:
            self._sampler = Sampler([sequence.sampler for sequence in self.sequences])
        tokens = [sequence.tokens[-1] for sequence in self.sequences]
        logits = self._gpt.step(torch.tensor(tokens, device=self._cache.device), self._cache)
        self._sample(self.sequences, self._sampler, logits)
        self._drop_ended()

    @torch.inference_mode()
    def leave(self, sequence: TokenSequence) -> None:
        if sequence in self.sequences:
            self._cache.free(sequence)
            self._sampler = None

    def _sample(self, sequences: Sequence[TokenSequence], sampler: Sampler, logits: Tensor) -> None:
        tokens, broken = sampler(logits).tolist(), (~logits.isfinite().all(-1)).tolist()
        for sequence, token, bad in zip(sequences, tokens, broken, strict=True):
            if bad:
                sequence.fail()
            else:
                sequence.append(token, self._gpt.config.eos)

    def _drop_ended(self) -> None:
        for sequence in self.sequences:
            if sequence.ended:
                self.leave(sequence)


def generate(gpt: GPT, request: SemanticRequest) -> Iterator[int]:
    """Decode one request, and yield each token as soon as it is sampled.

    Args:
        gpt: the model, in eval mode.
        request: what to decode; its tensors may be on any device.

    Yields:
        Ids of semantic tokens, 25 a second, without prompt and EOS.

    Raises:
        TextError, RecordingError, OptionError: see `SemanticRequest.validate`.
        ModelError: the model's logits are not finite.
    """
    batch = TorchBatch(gpt, rows=1, buckets=(request.max_length,))
    batch.validate(request)
    (sequence,) = batch.join([request])
    yielded = 0
    while True:
        if sequence.error:
            raise sequence.error
        yield from sequence.tokens[yielded:]
        yielded = len(sequence.tokens)
        if sequence.ended:
            return
        batch.step()
