"""What a caller wants trained, as the row of its job has it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from mynah.training.trainer import Stage


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """A voice to be trained.

    Attributes:
        recordings: ids.
        language: of their words.
        epochs, rank, stages, denoise: see `TrainingRequest`.
        parent: version whose weights the training goes on from; 1 is the base model.
        promote: whether the new version is to speak at once.
    """

    recordings: Sequence[str]
    language: str
    epochs: int | None
    rank: int | None
    stages: Sequence[Stage]
    parent: int
    promote: bool
    denoise: bool = False

    def row(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """What `row` wrote."""
        return cls(**row)
