"""Promotion gate: a version is promoted automatically only if it gains and nothing gets worse."""

from collections.abc import Iterator
from dataclasses import dataclass

from mynah.training.evaluation import Evaluation, Measure, Unit

CONFIDENCE = 2.0
"""Standard errors from which on a difference is significant."""


@dataclass(frozen=True, slots=True)
class PromotionRules:
    """Bounds of a version that is promoted automatically.

    Attributes:
        similarity_loss: largest loss of similarity.
        word_error_rise: largest rise of a word error rate; 0.02 is two points.
        phoneme_error_rise: largest rise of a phoneme error rate.
    """

    similarity_loss: float
    word_error_rise: float
    phoneme_error_rise: float

    def objections(self, evaluation: Evaluation | None) -> list[str]:
        """Reasons against promotion, a sentence each; `evaluation` is None if there was none."""
        if evaluation is None:
            return ["Its trainer did not compare it with the voice as it was."]
        found = [*evaluation.doubts, *self._crossed(evaluation)]
        if not found and not _gained(evaluation):
            found.append(f"It gains nothing that is more than chance ({_figures(evaluation)}).")
        return found

    def _crossed(self, evaluation: Evaluation) -> Iterator[str]:
        # Each comparison is the right way round for NaN to be an objection.
        similarity, errors = evaluation.similarity, evaluation.error_rate
        if not similarity.rise >= -self.similarity_loss:
            yield (
                f"It is less like its speaker than before: similarity {similarity.after:.3f} after "
                f"{similarity.before:.3f}, and at most {self.similarity_loss:.3f} may be lost."
            )
        if errors is None:
            yield "Its words could not be checked: nothing here recognises speech."
        elif not errors.rise <= (bound := self._error_rise(evaluation.unit)):
            yield (
                f"It is harder to understand than before: {errors.after:.1%} of its "
                f"{evaluation.unit}s are misheard after {errors.before:.1%}, and at most "
                f"{100 * bound:.1f} points more are allowed."
            )

    def _error_rise(self, unit: Unit) -> float:
        return self.word_error_rise if unit == "word" else self.phoneme_error_rise


def _gained(evaluation: Evaluation) -> bool:
    errors = evaluation.error_rate
    return _is_real(evaluation.similarity, up=True) or (
        errors is not None and _is_real(errors, up=False)
    )


def _is_real(measure: Measure, *, up: bool) -> bool:
    gain = measure.rise if up else -measure.rise
    return gain > 0 and gain >= CONFIDENCE * measure.standard_error


def _figures(evaluation: Evaluation) -> str:
    similarity, errors = evaluation.similarity, evaluation.error_rate
    likeness = f"similarity {similarity.after:.3f} after {similarity.before:.3f}"
    if errors is None:
        return likeness
    rates = f"{errors.after:.1%} of its {evaluation.unit}s misheard after {errors.before:.1%}"
    return f"{likeness}, {rates}"
