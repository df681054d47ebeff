"""Expected time of a training's phases, so that its percentage is proportional to time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from mynah.training.evaluator import spoken_sentences
from mynah.training.trainer import Stage, TrainingRequest

Phase = Literal["preparation", "acoustic", "semantic", "measuring"]
PHASES: tuple[Phase, ...] = ("preparation", "acoustic", "semantic", "measuring")
STEPS: Mapping[Stage, int] = {"acoustic": 240, "semantic": 120}
"""Most steps, if the request has no epochs."""
SLICE_SECONDS = 5.0
"""Of speech in a slice, about, before there are any."""
TOGETHER: Mapping[Stage, int] = {"acoustic": 6, "semantic": 4}
"""Slices of a step."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds that a model takes on two cores; only their ratios matter.

    Attributes:
        preparation: of a second of speech.
        acoustic, semantic: of a step, held-out losses included.
        measuring: of a sentence.
    """

    preparation: float
    acoustic: float
    semantic: float
    measuring: float


STARTER = Costs(preparation=0.2, acoustic=17.5, semantic=0.0, measuring=3.1)
"""Measured while other programs used half of the cores."""
RELEASED = Costs(preparation=0.3, acoustic=24.0, semantic=25.0, measuring=6.0)
"""Steps measured likewise with a v2 of random weights; the others are the starter's, scaled up."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The expected seconds of the phases; a phase of none is left out."""

    seconds: Mapping[Phase, float]

    @classmethod
    def of(cls, request: TrainingRequest, stages: Sequence[Stage], costs: Costs) -> Self:
        """Estimate a training.

        Args:
            request: of the training.
            stages: those that will learn.
            costs: of its model.
        """
        speech = sum(each.seconds for each in request.recordings)
        steps = {stage: expected_steps(request, stage) if stage in stages else 0 for stage in STEPS}
        return cls(
            {
                "preparation": costs.preparation * speech,
                "acoustic": costs.acoustic * steps["acoustic"],
                "semantic": costs.semantic * steps["semantic"],
                "measuring": costs.measuring * spoken_sentences(request.language),
            }
        )

    def span(self, phase: Phase) -> tuple[float, float]:
        """Percent of the whole training at the start and at the end of a phase."""
        at = PHASES.index(phase)
        whole = sum(self.seconds.values())
        before = sum(self.seconds[each] for each in PHASES[:at])
        return 100 * before / whole, 100 * (before + self.seconds[phase]) / whole


def expected_steps(request: TrainingRequest, stage: Stage) -> int:
    """Steps of a stage, about."""
    if request.epochs is None:
        return STEPS[stage]
    slices = sum(each.seconds for each in request.recordings) / SLICE_SECONDS
    return request.epochs * max(1, round(slices / TOGETHER[stage]))
