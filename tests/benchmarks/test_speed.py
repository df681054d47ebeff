"""The benchmark of speed measures what it says, on a model that takes no time."""

from dataclasses import replace
from functools import partial
from itertools import islice

import pytest
import torch
from benchmarks.speed.acoustic import Sentence, real_time_factors, seconds_of
from benchmarks.speed.gpu import first_that_works, real_time_factor, sampling_speed, sentence
from benchmarks.speed.reference import reference_tokens, reference_tokens_per_second
from benchmarks.speed.semantic import random_request, sentences_per_second, tokens_per_second
from benchmarks.speed.streams import answered
from benchmarks.speed.voices import switches, write_version

from mynah.acoustic.sovits.streaming import decode_next
from mynah.semantic.batch import TorchBatch, generate
from mynah.semantic.sampling import SamplingOptions


def test_the_semantic_stage(models):
    speed, reading = tokens_per_second(models.gpt, 2, 5)
    assert speed > 0
    assert reading > 0


@pytest.mark.parametrize("top_k", [1, 15])
def test_the_reference_draws_the_same_tokens(models, top_k):
    """In float32 the stage with its memory and batches is the plain loop, only faster."""
    sampling = SamplingOptions(top_k=top_k)
    request = replace(random_request(), sampling=sampling, max_tokens=40)
    sampling_speed = list(generate(models.gpt, request))
    assert list(islice(reference_tokens(models.gpt, request), 40)) == sampling_speed
    assert len(sampling_speed) >= 11
    assert reference_tokens_per_second(models.gpt, 5) > 0


def test_short_sentences(models):
    speed, tokens = sentences_per_second(models, 2, 3)
    assert speed > 0
    assert tokens >= 11


def test_the_acoustic_stage(models):
    factors = real_time_factors(models.sovits, 41)
    assert list(factors) == [8, 17, 41]
    assert min(factors.values()) > 0


def test_the_decoders_of_the_acoustic_stage(models):
    sentence = Sentence.of(models.sovits, 10)
    assert sentence.seconds == 0.4
    seconds = seconds_of(models.sovits, models.sovits.dec, sentence, times=2)
    assert len(seconds) == 2
    assert min(seconds) > 0


@pytest.mark.parametrize("callers", [1, 3])
def test_both_stages(models, callers):
    heard = answered(models, callers)
    assert 0 < heard.first <= heard.slowest
    assert heard.factor > 0


def test_what_is_measured_on_a_gpu(models):
    """By what needs none: the plain path on the CPU."""
    assert sampling_speed(TorchBatch(models.gpt, 2), 2, tokens=1).reading > 0
    decode, channels = partial(decode_next, models.sovits), models.sovits.config.gin_channels
    assert real_time_factor(decode, channels, torch.device("cpu"), rows=2, tokens=20) > 0
    heard = answered(models, 1, [sentence(models)])
    assert heard.first > 0


def test_the_first_way_that_works_is_taken(capsys):
    def fail() -> None:
        raise RuntimeError("no such device")

    assert first_that_works([("one", fail), ("two", lambda: 2), ("three", fail)]) == ("two", 2)
    assert "one does not work" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="nothing works"):
        first_that_works([("one", fail)])


def test_many_voices(models, tiny, tmp_path):
    assert write_version(models, tiny / "acoustic.pth", tmp_path) > 0
    first, later = switches(models, tmp_path, times=2)
    assert len(later) == 2
    assert min(first, *later) > 0
