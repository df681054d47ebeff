"""Evaluation of a new version: the figures that trainers report and the promotion gate judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["phoneme", "word"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure measured on the same sentences before and after a training.

    Attributes:
        before: of the voice without the training.
        after: of the new version.
        standard_error: of the difference `after - before` by sentences and sampling; 0 if exact.
    """

    before: float
    after: float
    standard_error: float = 0.0

    @property
    def rise(self) -> float:
        """The difference `after - before`."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Comparison of a new version with the voice before its training.

    Attributes:
        similarity: likeness to held-out recordings of the speaker; more is more alike.
        error_rate: recognition errors per unit of the text; None without a recogniser.
        unit: of the errors.
        doubts: reasons not to trust the training data or these figures, a sentence each.
    """

    similarity: Measure
    error_rate: Measure | None
    unit: Unit = "phoneme"
    doubts: Sequence[str] = ()

    def metrics(self) -> dict[str, float]:
        """The figures by their names in the `metrics` of a version."""
        named = {"similarity": self.similarity}
        if self.error_rate is not None:
            named[f"{self.unit}_error_rate"] = self.error_rate
        return figures(named)


def figures(measures: Mapping[str, Measure]) -> dict[str, float]:
    """Measures by their names, and by `…_before`, as in the metrics of a version."""
    before = {f"{name}_before": measure.before for name, measure in measures.items()}
    return before | {name: measure.after for name, measure in measures.items()}
