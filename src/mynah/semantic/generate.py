"""Decoding of one request, token by token.

Upstream: `infer_panel_naive` in `AR/models/t2s_model.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import torch
from torch import Tensor

from mynah.errors import OptionError, RecordingError, TextError
from mynah.semantic.config import BERT_SIZE, POSITIONS, SemanticConfig
from mynah.semantic.gpt import GPT
from mynah.semantic.sampling import Sampler, SamplingOptions

MAX_TOKENS = 1500
"""Most tokens of one sentence: a minute."""

CHUNK_TOKENS = 25
"""Tokens that are passed on together: a second."""


@dataclass(frozen=True, eq=False)
class SemanticRequest:
    """One sentence to be spoken in the manner of a prompt, or of no one's.

    Attributes:
        phones: (phones,) ids, those of the prompt's words first.
        prompt: (tokens,) ids of the prompt's speech; empty without a prompt.
        bert: (1024, phones) text features; None stands for zeros.
        sampling: how freely tokens are drawn.
        seed: the same seed gives the same tokens; None gives new ones each time.
        max_tokens: where decoding ends if the model does not end it, at most 1,500.
    """

    phones: Tensor
    prompt: Tensor
    bert: Tensor | None = None
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    seed: int | None = None
    max_tokens: int = MAX_TOKENS

    def validate(self, config: SemanticConfig) -> None:
        """Checks the request against the sizes of the model that is to answer it.

        Raises:
            TextError: no or too many phonemes, unknown ids, or features of another shape.
            RecordingError: a prompt that is too long or holds unknown ids.
            OptionError: `max_tokens` is out of range.
        """
        _validate_text(self.phones, self.bert, config.phoneme_vocabulary)
        _validate_prompt(self.prompt, config.eos)
        if not 1 <= self.max_tokens <= MAX_TOKENS:
            raise OptionError(f"max_tokens is {self.max_tokens}; give 1 to {MAX_TOKENS}.")


@torch.inference_mode()
def generate(gpt: GPT, request: SemanticRequest) -> Iterator[int]:
    """Decodes one request, each token as soon as it is drawn.

    Args:
        gpt: the model, in eval mode.
        request: what to decode; its tensors may be on any device.

    Yields:
        Ids of semantic tokens, 25 a second, without prompt and EOS.

    Raises:
        TextError, RecordingError, OptionError: see `SemanticRequest.validate`.
    """
    request.validate(gpt.config)
    device = gpt.ar_predict_layer.weight.device
    phones, prompt = request.phones.to(device).long(), request.prompt.to(device).long()
    bert = None if request.bert is None else request.bert.to(device)
    sampler = Sampler(
        request.sampling, prompt, gpt.config.vocabulary, _generator(request.seed, device)
    )
    cache = gpt.new_cache(1, len(phones) + len(prompt) + request.max_tokens)
    logits = gpt.prefill(phones, bert, prompt, cache)
    for _ in range(request.max_tokens):
        token = sampler(logits)
        token_id = int(token)
        if token_id == gpt.config.eos:
            return
        yield token_id
        logits = gpt.step(token[None], cache)[0]


def in_chunks(tokens: Iterable[int], size: int = CHUNK_TOKENS) -> Iterator[Tensor]:
    """Gathers tokens into (size,) tensors, the last one shorter, each as soon as it is full."""
    remaining = iter(tokens)
    while chunk := list(islice(remaining, size)):
        yield torch.tensor(chunk)


def _generator(seed: int | None, device: torch.device) -> torch.Generator:
    generator = torch.Generator(device)
    if seed is None:
        generator.seed()
        return generator
    return generator.manual_seed(seed)


def _validate_text(phones: Tensor, bert: Tensor | None, vocabulary: int) -> None:
    if phones.ndim != 1 or len(phones) == 0:
        raise TextError("There are no phonemes to speak; give a text with words in it.")
    if len(phones) > POSITIONS:
        raise TextError(
            f"The sentence has {len(phones)} phonemes, the model takes {POSITIONS}; split it."
        )
    if phones.min() < 0 or phones.max() >= vocabulary:
        raise TextError(
            f"The phonemes go beyond the model's {vocabulary}; "
            "use the phoneme set of the model's own version."
        )
    if bert is not None and bert.shape != (BERT_SIZE, len(phones)):
        raise TextError(
            f"The text features are {tuple(bert.shape)}, not {(BERT_SIZE, len(phones))}; "
            "make them from the same sentence."
        )


def _validate_prompt(prompt: Tensor, eos: int) -> None:
    limit = POSITIONS - MAX_TOKENS
    if len(prompt) > limit:
        raise RecordingError(
            f"The prompt has {len(prompt)} tokens, the model takes {limit}; "
            "use a recording of 3 to 10 seconds."
        )
    if len(prompt) and (prompt.min() < 0 or prompt.max() >= eos):
        raise RecordingError(
            f"The prompt holds tokens beyond the model's {eos}; make them with its own quantizer."
        )
