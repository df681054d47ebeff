"""The percentage of a training is proportional to its time."""

from itertools import pairwise
from pathlib import Path

import pytest

from mynah.training.schedule import PHASES, RELEASED, STARTER, Schedule
from mynah.training.trainer import TrainingRecording, TrainingRequest

RECORDED = {
    # Seconds of the phases of trainings with the starter on 52.8 s of speech, of which other
    # programs had half of the two cores; of the second one each step was measured by itself.
    None: {"preparation": 11.0, "acoustic": 0.0, "measuring": 96.0},
    4: {"preparation": 11.0, "acoustic": 113.0, "measuring": 105.5},
}


def request(epochs=None, seconds=52.8):
    recording = TrainingRecording(Path("a.flac"), "Words.", seconds)
    return TrainingRequest([recording], "en", epochs, None, ("acoustic",), None, None)


def shares(seconds):
    whole = sum(seconds.values())
    return {phase: 100 * lot / whole for phase, lot in seconds.items()}


@pytest.mark.parametrize("epochs", RECORDED)
def test_percents_are_those_of_the_time_that_trainings_took(epochs):
    stages = ("acoustic",) if epochs else ()
    schedule = Schedule.of(request(epochs), stages, STARTER)
    for phase, share in shares(RECORDED[epochs]).items():
        start, end = schedule.span(phase)
        assert end - start == pytest.approx(share, abs=12)


@pytest.mark.parametrize(
    ("costs", "stages"),
    [
        (STARTER, ()),
        (STARTER, ("acoustic",)),
        (RELEASED, ("acoustic",)),
        (RELEASED, ("acoustic", "semantic")),
    ],
)
def test_phases_follow_each_other_from_0_to_100(costs, stages):
    schedule = Schedule.of(request(3), stages, costs)
    spans = [schedule.span(phase) for phase in PHASES]
    assert spans[0][0] == 0 and spans[-1][1] == pytest.approx(100)
    assert all(one[1] == pytest.approx(other[0]) for one, other in pairwise(spans))
    for stage in ("acoustic", "semantic"):
        start, end = schedule.span(stage)
        assert (end > start) == (stage in stages)
