"""A request for semantic tokens, and the sequence that is decoded for it."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from mynah.errors import ModelError, OptionError, RecordingError, TextError
from mynah.semantic.config import BERT_SIZE, POSITIONS, SemanticConfig
from mynah.semantic.sampling import SamplerState, SamplingOptions, TokenConstraint

MAX_TOKENS = 1500
"""Most tokens of one sentence: a minute."""


@dataclass(frozen=True, eq=False)
class SemanticRequest:
    """One sentence to be spoken, in the voice of a prompt if there is one.

    Attributes:
        phones: (phones,) ids, those of the prompt's words first.
        prompt: (tokens,) ids of the prompt's speech; empty without a prompt.
        bert: (1024, phones) text features; None stands for zeros.
        sampling: options.
        seed: the same seed gives the same tokens; None gives new ones each time.
        constraint: of the tokens after the prompt; without one the model decides.
        max_tokens: after which decoding ends if the model does not end it, at most 1,500.
    """

    phones: Tensor
    prompt: Tensor
    bert: Tensor | None = None
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    seed: int | None = None
    constraint: TokenConstraint | None = None
    max_tokens: int = MAX_TOKENS

    @property
    def prefill_length(self) -> int:
        """Phonemes and prompt tokens: what is read before the first token is sampled."""
        return len(self.phones) + len(self.prompt)

    @property
    def max_length(self) -> int:
        """Most phonemes and tokens of its sequence."""
        return self.prefill_length + self.max_tokens

    def validate(self, config: SemanticConfig) -> None:
        """Check the request against the sizes of the model that is to decode it.

        Raises:
            TextError: no or too many phonemes, unknown ids, or features of another shape.
            RecordingError: a prompt that is too long or holds unknown ids.
            OptionError: `max_tokens` is out of range.
        """
        _validate_text(self.phones, self.bert, config.phoneme_vocabulary)
        _validate_prompt(self.prompt, config.eos)
        if not 1 <= self.max_tokens <= MAX_TOKENS:
            raise OptionError(f"max_tokens is {self.max_tokens}; give 1 to {MAX_TOKENS}.")


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


@dataclass(slots=True, eq=False)
class TokenSequence:
    """One request being decoded.

    Attributes:
        request: what is decoded.
        sampler: state of its sampling.
        tokens: sampled so far, without EOS.
        ended: true if no more will come.
        error: the reason if decoding failed.
    """

    request: SemanticRequest
    sampler: SamplerState
    tokens: list[int] = field(default_factory=list)
    ended: bool = False
    error: ModelError | None = None

    @classmethod
    def of(cls, request: SemanticRequest, vocabulary: int, device: torch.device) -> "TokenSequence":
        """The sequence of a request, before its first token."""
        generator = torch.Generator(device)
        if request.seed is None:
            generator.seed()
        else:
            generator.manual_seed(request.seed)
        prompt = request.prompt.to(device).long()
        constraint = request.constraint.start() if request.constraint else None
        return cls(
            request, SamplerState.of(request.sampling, prompt, vocabulary, generator, constraint)
        )

    def append(self, token: int, eos: int) -> None:
        """Append a token that was sampled for it."""
        if token == eos:
            self.ended = True
            return
        self.tokens.append(token)
        if self.sampler.constraint:
            self.sampler.constraint.advance(token)
        self.ended = len(self.tokens) >= self.request.max_tokens

    def fail(self) -> None:
        """End it, because its logits are not finite."""
        self.ended = True
        self.error = ModelError.not_finite()
