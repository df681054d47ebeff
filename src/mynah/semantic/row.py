"""One request in a batch: what it asked for and what has come of it so far."""

from dataclasses import dataclass, field

import torch

from mynah.errors import ModelError
from mynah.semantic.request import SemanticRequest
from mynah.semantic.sampling import Chance
from mynah.semantic.script import Recital


@dataclass(slots=True, eq=False)
class Row:
    """One request being decoded.

    Attributes:
        request: what is decoded.
        sampler: how its tokens are drawn.
        tokens: drawn so far, without EOS.
        ended: whether no more will come.
        error: why it ended, if its own end was not it.
    """

    request: SemanticRequest
    sampler: Chance
    tokens: list[int] = field(default_factory=list)
    ended: bool = False
    error: ModelError | None = None

    @classmethod
    def of(cls, request: SemanticRequest, vocabulary: int, device: torch.device) -> "Row":
        """A row that is yet to be decoded."""
        generator = torch.Generator(device)
        if request.seed is None:
            generator.seed()
        else:
            generator.manual_seed(request.seed)
        prompt = request.prompt.to(device).long()
        constraint = Recital(request.script) if request.script else None
        return cls(request, Chance.of(request.sampling, prompt, vocabulary, generator, constraint))

    def append(self, token: int, eos: int) -> None:
        """Goes on by a token that was drawn for it."""
        if token == eos:
            self.ended = True
            return
        self.tokens.append(token)
        if self.sampler.constraint:
            self.sampler.constraint.advance(token)
        self.ended = len(self.tokens) >= self.request.max_tokens

    def fail(self) -> None:
        """Ends without a usable next token."""
        self.ended = True
        self.error = ModelError.not_finite()
