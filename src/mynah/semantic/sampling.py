"""Sampling of the next semantic token, in upstream's order.

Repetition penalty over prompt and output, then top-p, temperature, top-k, and a sample
by exponential noise. Upstream: `AR/models/utils.py` and the loop of `AR/models/t2s_model.py`.

The filters are pure and work on any leading dimensions, (..., vocabulary).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor

from mynah.errors import OptionError

MIN_TOKENS = 11
"""Tokens before the model may stop (0.44 s) without a constraint, which knows when all is said."""


class ConstraintState(Protocol):
    """Progress of one sequence under a constraint."""

    def allowed(self, logits: Tensor) -> Tensor:
        """Mask of the ids that may be sampled next, bool like logits (ids,); called once a step."""
        ...

    def advance(self, token: int) -> None:
        """Take in a token that was allowed and sampled."""
        ...


class TokenConstraint(Protocol):
    """Constrained decoding: limits the tokens of a sequence at every step."""

    def start(self) -> ConstraintState:
        """The state of a sequence without tokens."""
        ...


@dataclass(frozen=True)
class SamplingOptions:
    """Options of sampling.

    Attributes:
        top_k: number of the likeliest tokens to sample from; 1 is greedy.
        top_p: share of probability to sample from, in (0, 1].
        temperature: below 1 favours likely tokens, above 1 unlikely ones.
        repetition_penalty: above 1 makes tokens that were there before less likely.
    """

    top_k: int = 15
    top_p: float = 1.0
    temperature: float = 1.0
    repetition_penalty: float = 1.35

    def __post_init__(self) -> None:
        """Refuse options that give no distribution."""
        if self.top_k < 1:
            raise OptionError(f"top_k is {self.top_k}; give 1 (greedy) or more.")
        if not 0 < self.top_p <= 1:
            raise OptionError(f"top_p is {self.top_p}; give a share above 0 and up to 1.")
        _require_positive("temperature", self.temperature, "use top_k 1 for greedy decoding")
        _require_positive("repetition_penalty", self.repetition_penalty, "1 is no penalty")


def penalise_repetition(logits: Tensor, seen: Tensor, penalty: float | Tensor) -> Tensor:
    """Make tokens that are `seen` (bool, like logits) less likely, each once.

    Source: CTRL (https://arxiv.org/abs/1909.05858), with negative logits multiplied.
    """
    penalised = torch.where(logits < 0, logits * penalty, logits / penalty)
    return torch.where(seen, penalised, logits)


def keep_top_p(logits: Tensor, share: float | Tensor) -> Tensor:
    """Keep the likeliest tokens whose probabilities sum to at most `share`, at least one."""
    ordered, order = logits.sort(descending=True)
    dropped = ordered.softmax(-1).cumsum(-1) > share
    dropped[..., 0] = False
    # Probabilities that round to a sum above 1 must not cost a token.
    dropped &= share < 1
    return logits.masked_fill(dropped.scatter(-1, order, dropped), -math.inf)


def keep_top_k(logits: Tensor, count: int | Tensor) -> Tensor:
    """Keep the `count` likeliest tokens, and those that tie with the last of them."""
    counts = torch.as_tensor(count, device=logits.device).clamp_max(logits.shape[-1])
    likeliest = logits.topk(int(counts.max())).values
    last = likeliest.gather(-1, (counts - 1).expand(*logits.shape[:-1], 1))
    return logits.masked_fill(logits < last, -math.inf)


def distribution(
    penalised: Tensor,
    *,
    top_k: int | Tensor,
    top_p: float | Tensor | None,
    temperature: float | Tensor,
) -> Tensor:
    """Probabilities of the next token, from logits after the repetition penalty.

    Options are those of `SamplingOptions`, or one for each row, (rows, 1); None is a `top_p`
    of 1 and saves the sorting.
    """
    logits = penalised if top_p is None else keep_top_p(penalised, top_p)
    return keep_top_k(logits / temperature, top_k).softmax(-1)


def sample(probabilities: Tensor, noise: Tensor) -> Tensor:
    """Sample ids (...) from `probabilities` with `noise` ~ Exp(1), without a device sync."""
    return (probabilities / noise).argmax(-1)


@dataclass(slots=True, eq=False)
class SamplerState:
    """State of one sequence's sampling, besides its logits.

    Attributes:
        options: of sampling.
        generator: the sequence's own random generator, on the logits' device.
        seen: (vocabulary,) bool: ids in the prompt, which the repetition penalty counts too,
            and those sampled so far.
        constraint: limits the next token, if there is one.
        steps: number of tokens sampled so far.
    """

    options: SamplingOptions
    generator: torch.Generator
    seen: Tensor
    constraint: ConstraintState | None = None
    steps: int = 0

    @classmethod
    def of(
        cls,
        options: SamplingOptions,
        prompt: Tensor,
        vocabulary: int,
        generator: torch.Generator,
        constraint: ConstraintState | None = None,
    ) -> Self:
        """The state before the first token; `prompt` is (tokens,) ids."""
        seen = torch.zeros(vocabulary, dtype=torch.bool, device=prompt.device)
        seen[prompt] = True
        return cls(options, generator, seen, constraint)


class Sampler:
    """Samples a token for each of some sequences at every step; other sequences need another one.

    Args:
        rows: states of the sequences, which every step changes.
    """

    def __init__(self, rows: Sequence[SamplerState]) -> None:
        self._rows = rows
        self._seen = torch.stack([row.seen for row in rows])
        for row, seen in zip(rows, self._seen, strict=True):
            row.seen = seen
        self._eos = self._seen.shape[1] - 1
        self._penalty = self._stacked([row.options.repetition_penalty for row in rows])
        self._temperature = self._stacked([row.options.temperature for row in rows])
        self._top_k = self._stacked([row.options.top_k for row in rows])
        shares = [row.options.top_p for row in rows]
        self._top_p = self._stacked(shares) if min(shares) < 1 else None

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits (rows, vocabulary) to the next ids (rows,), EOS where the speech ends here.

        It ends when EOS is sampled or when EOS is the likeliest after the repetition penalty.
        """
        logits = logits.to(torch.float32, copy=True)
        for row, state in enumerate(self._rows):
            if state.constraint:
                allowed = state.constraint.allowed(logits[row]).to(logits.device)
                logits[row].masked_fill_(~allowed, -math.inf)
            elif state.steps < MIN_TOKENS:
                logits[row, self._eos] = -math.inf
            state.steps += 1
        penalised = penalise_repetition(logits, self._seen, self._penalty)
        probabilities = distribution(
            penalised, top_k=self._top_k, top_p=self._top_p, temperature=self._temperature
        )
        sampled = sample(probabilities, self._noise(penalised))
        tokens = torch.where(penalised.argmax(-1) == self._eos, self._eos, sampled)
        self._seen.scatter_(1, tokens[:, None], True)
        return tokens

    def _noise(self, like: Tensor) -> Tensor:
        noise = torch.empty_like(like)
        for row, state in zip(noise, self._rows, strict=True):
            row.exponential_(generator=state.generator)
        return noise

    def _stacked(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, device=self._seen.device)[:, None]


def _require_positive(name: str, value: float, hint: str) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise OptionError(f"{name} is {value}; give a positive number ({hint}).")
