"""The benchmark of speed measures what it says, on a model that takes no time."""

import pytest
from benchmarks.speed.acoustic import real_time_factors
from benchmarks.speed.semantic import tokens_per_second
from benchmarks.speed.streams import answered
from benchmarks.speed.voices import switches, write_version


def test_the_semantic_stage(models):
    speed, reading = tokens_per_second(models.gpt, 2, 5)
    assert speed > 0
    assert reading > 0


def test_the_acoustic_stage(models):
    factors = real_time_factors(models.sovits, 41)
    assert list(factors) == [12, 37, 41]
    assert min(factors.values()) > 0


@pytest.mark.parametrize("callers", [1, 3])
def test_both_stages(models, callers):
    heard = answered(models, callers)
    assert 0 < heard.first <= heard.slowest
    assert heard.factor > 0


def test_many_voices(models, tiny, tmp_path):
    assert write_version(models, tiny / "acoustic.pth", tmp_path) > 0
    first, later = switches(models, tmp_path, times=2)
    assert len(later) == 2
    assert min(first, *later) > 0
