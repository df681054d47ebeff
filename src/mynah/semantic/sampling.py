"""From logits to the next semantic token, in upstream's order.

Repetition penalty over prompt and output, then top-p, temperature, top-k, and a draw
by exponential noise. Upstream: `AR/models/utils.py` and the loop of `AR/models/t2s_model.py`.

The filters are pure and work on any leading dimensions, (..., vocabulary).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mynah.errors import OptionError

MIN_TOKENS = 11
"""Tokens before the model may stop (0.44 s)."""


@dataclass(frozen=True)
class SamplingOptions:
    """How freely tokens are drawn.

    Attributes:
        top_k: how many of the likeliest tokens may be drawn; 1 is greedy.
        top_p: share of probability from which may be drawn, in (0, 1].
        temperature: below 1 favours likely tokens, above 1 unlikely ones.
        repetition_penalty: above 1 makes tokens that were there before less likely.
    """

    top_k: int = 15
    top_p: float = 1.0
    temperature: float = 1.0
    repetition_penalty: float = 1.35

    def __post_init__(self) -> None:
        """Refuses what no distribution can be made of."""
        if self.top_k < 1:
            raise OptionError(f"top_k is {self.top_k}; give 1 (greedy) or more.")
        if not 0 < self.top_p <= 1:
            raise OptionError(f"top_p is {self.top_p}; give a share above 0 and up to 1.")
        _require_positive("temperature", self.temperature, "use top_k 1 for greedy decoding")
        _require_positive("repetition_penalty", self.repetition_penalty, "1 is no penalty")


def penalise_repetition(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Makes tokens that are `seen` (bool, like logits) less likely, each once.

    Source: CTRL (https://arxiv.org/abs/1909.05858), with negative logits multiplied.
    """
    penalised = torch.where(logits < 0, logits * penalty, logits / penalty)
    return torch.where(seen, penalised, logits)


def keep_top_p(logits: Tensor, share: float) -> Tensor:
    """Keeps the likeliest tokens whose probabilities sum to at most `share`, at least one."""
    ordered, order = logits.sort(descending=True)
    dropped = ordered.softmax(-1).cumsum(-1) > share
    dropped[..., 0] = False
    # Probabilities that round to a sum above 1 must not cost a token.
    dropped &= share < 1
    return logits.masked_fill(dropped.scatter(-1, order, dropped), -math.inf)


def keep_top_k(logits: Tensor, count: int) -> Tensor:
    """Keeps the `count` likeliest tokens, and those that tie with the last of them."""
    likeliest = logits.topk(min(count, logits.shape[-1])).values
    return logits.masked_fill(logits < likeliest[..., -1:], -math.inf)


def distribution(penalised: Tensor, options: SamplingOptions) -> Tensor:
    """Probabilities that tokens are drawn with, from logits after the repetition penalty."""
    logits = keep_top_p(penalised, options.top_p)
    return keep_top_k(logits / options.temperature, options.top_k).softmax(-1)


def draw(probabilities: Tensor, noise: Tensor) -> Tensor:
    """Draws ids (...) from `probabilities` with `noise` ~ Exp(1), without a device sync."""
    return (probabilities / noise).argmax(-1)


class Sampler:
    """Draws the tokens of one row: its options, its stream of chance, and what it has seen.

    Args:
        options: how freely to draw.
        prompt: (tokens,) ids of the prompt, which the repetition penalty counts too.
        vocabulary: how many ids there are; the last one ends the speech.
        generator: the row's own source of chance, on the logits' device.
    """

    def __init__(
        self, options: SamplingOptions, prompt: Tensor, vocabulary: int, generator: torch.Generator
    ) -> None:
        self._options = options
        self._generator = generator
        self._seen = torch.zeros(vocabulary, dtype=torch.bool, device=prompt.device)
        self._seen[prompt] = True
        self._eos = vocabulary - 1
        self._drawn = 0

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits (vocabulary,) to the next id (), which is EOS if the speech ends here.

        It ends when EOS is drawn or when EOS is the likeliest after the repetition penalty.
        """
        logits = logits.to(torch.float32, copy=True)
        if self._drawn < MIN_TOKENS:
            logits[self._eos] = -math.inf
        penalised = penalise_repetition(logits, self._seen, self._options.repetition_penalty)
        noise = torch.empty_like(penalised).exponential_(generator=self._generator)
        drawn = draw(distribution(penalised, self._options), noise)
        token = torch.where(penalised.argmax() == self._eos, self._eos, drawn)
        self._seen[token] = True
        self._drawn += 1
        return token


def _require_positive(name: str, value: float, hint: str) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise OptionError(f"{name} is {value}; give a positive number ({hint}).")
