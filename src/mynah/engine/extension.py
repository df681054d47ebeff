"""The seam for parts that one model has beside the networks of all; `None` for released weights."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.semantic.sampling import TokenConstraint


class ModelExtension(Protocol):
    """Parts of a model beside its networks."""

    @property
    def uses_prompts(self) -> bool:
        """True if the tokens of recordings are exact enough for the GPT to continue from."""
        ...

    @property
    def constrains_tokens(self) -> bool:
        """True if `constraint` may give one: then every step of decoding asks the CPU."""
        ...

    @property
    def aligner(self) -> PhonemeScores | None:
        """Its own aligner, if it has one."""
        ...

    def constraint(self, phones: Sequence[int]) -> TokenConstraint | None:
        """The constraint on the tokens of phoneme ids, if there is one."""
        ...

    def assign_tokens(self, distances: Tensor, phones: Sequence[int]) -> Tensor:
        """Tokens of a recording; see `mynah.voice.tokens.TokenAssignment`."""
        ...
