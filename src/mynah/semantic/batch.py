"""Continuous batching: requests of any callers decoded together, each in a row of its own.

Rows join and leave between any two steps; the arithmetic of a row does not depend on which
others are there, and neither do its draws.
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
    def rows(self) -> list[TokenSequence]:
        """The rows that go on at the next step."""

    @property
    def free(self) -> int:
        """How many more may join."""

    def validate(self, request: SemanticRequest) -> None:
        """Checks that a request can be decoded here."""

    def join(self, requests: Sequence[SemanticRequest]) -> list[TokenSequence]:
        """Reads validated requests, of which no more than `free`, and draws their first tokens."""

    def step(self) -> None:
        """Has every row go on; those that end leave."""

    def leave(self, row: TokenSequence) -> None:
        """Frees a row's place, whether or not it has ended."""


def validate(request: SemanticRequest, config: SemanticConfig, longest: int) -> None:
    """Checks that a request can be decoded where rows have so many places.

    Raises:
        TextError, RecordingError, OptionError: see `TorchBatch.validate`.
    """
    request.validate(config)
    if request.max_length > longest:
        most = longest - request.max_tokens
        raise TextError(
            f"The sentence and the prompt are {request.prefill_length} phonemes and tokens, the "
            f"model takes {most}; split the text or use a shorter recording."
        )


class TorchBatch:
    """Rows that are decoded together, one token a step.

    One thread at a time may use it.

    Args:
        gpt: the model, in eval mode.
        rows: most requests at a time.
        laid_out: for how many of them memory is laid out at once; all if not given.
        buckets: lengths, in phonemes and tokens, for which memory is laid out; see `KVBuckets`.
    """

    def __init__(
        self,
        gpt: GPT,
        rows: int = 16,
        buckets: Sequence[int] = BUCKETS,
        *,
        laid_out: int | None = None,
    ) -> None:
        self._gpt = gpt
        self._size = rows
        self._memory = KVBuckets(gpt, laid_out or rows, buckets)
        self._sampler: Sampler | None = None

    @property
    def rows(self) -> list[TokenSequence]:
        """The rows that go on at the next step."""
        return self._memory.rows

    @property
    def free(self) -> int:
        """How many more may join."""
        return self._size - len(self.rows)

    def validate(self, request: SemanticRequest) -> None:
        """Checks that a request can be decoded here.

        Raises:
            TextError, RecordingError, OptionError: see `SemanticRequest.validate`; and the
                prompt and the sentence together are longer than the largest bucket.
        """
        validate(request, self._gpt.config, self._memory.longest)

    @torch.inference_mode()
    def join(self, requests: Sequence[SemanticRequest]) -> list[TokenSequence]:
        """Reads validated requests, of which no more than `free`, and draws their first tokens."""
        assert len(requests) <= self.free, (len(requests), self.free)
        weight = self._gpt.ar_predict_layer.weight
        vocabulary = self._gpt.config.vocabulary
        rows = [TokenSequence.of(request, vocabulary, weight.device) for request in requests]
        for start, cache, group in self._memory.allocate(rows):
            logits = self._gpt.prefill(
                [row.request.phones for row in group],
                [row.request.bert for row in group],
                [row.request.prompt for row in group],
                cache,
                start,
            )
            self._draw(group, Sampler([row.sampler for row in group]), logits)
        self._drop_ended()
        self._sampler = None
        return rows

    @torch.inference_mode()
    def step(self) -> None:
        """Draws one more token in every row; those that end leave."""
        if not self.rows:
            return
        if self._memory.make_room() or self._sampler is None:
            self._sampler = Sampler([row.sampler for row in self.rows])
        last = torch.tensor([row.tokens[-1] for row in self.rows], device=self._memory.device)
        logits = self._gpt.step(last, self._memory)
        self._draw(self.rows, self._sampler, logits)
        self._drop_ended()

    @torch.inference_mode()
    def leave(self, row: TokenSequence) -> None:
        """Frees a row's place, whether or not it has ended."""
        if row in self.rows:
            self._memory.free(row)
            self._sampler = None

    def _draw(self, rows: Sequence[TokenSequence], sampler: Sampler, logits: Tensor) -> None:
        tokens, broken = sampler(logits).tolist(), (~logits.isfinite().all(-1)).tolist()
        for row, token, bad in zip(rows, tokens, broken, strict=True):
            if bad:
                row.fail()
            else:
                row.append(token, self._gpt.config.eos)

    def _drop_ended(self) -> None:
        for row in self.rows:
            if row.ended:
                self.leave(row)


def generate(gpt: GPT, request: SemanticRequest) -> Iterator[int]:
    """Decodes one request, each token as soon as it is drawn.

    Args:
        gpt: the model, in eval mode.
        request: what to decode; its tensors may be on any device.

    Yields:
        Ids of semantic tokens, 25 a second, without prompt and EOS.

    Raises:
        TextError, RecordingError, OptionError: see `SemanticRequest.validate`.
        ModelError: the model's numbers are not finite.
    """
    batch = TorchBatch(gpt, rows=1, buckets=(request.max_length,))
    batch.validate(request)
    (row,) = batch.join([request])
    given = 0
    while True:
        if row.error:
            raise row.error
        yield from row.tokens[given:]
        given = len(row.tokens)
        if row.ended:
            return
        batch.step()
