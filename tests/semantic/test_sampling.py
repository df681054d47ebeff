"""Each filter does its part, in upstream's order."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mynah.errors import OptionError
from mynah.semantic.sampling import (
    MIN_TOKENS,
    Sampler,
    SamplerState,
    SamplingOptions,
    distribution,
    keep_top_k,
    keep_top_p,
    penalise_repetition,
    sample,
)

PLAIN = SamplingOptions(top_k=100, repetition_penalty=1.0)
NO_PROMPT = torch.tensor([], dtype=torch.long)

logits_of_any_kind = arrays.arrays(
    "float32", st.integers(2, 40), elements=st.floats(-30, 30, width=32)
).map(torch.from_numpy)


def state(options=PLAIN, prompt=NO_PROMPT, vocabulary=4, seed=0):
    return SamplerState.of(options, prompt, vocabulary, torch.Generator().manual_seed(seed))


def sampler(options=PLAIN, prompt=NO_PROMPT, vocabulary=4, seed=0):
    """Draws for one row: its logits to its next token."""
    rows = Sampler([state(options, prompt, vocabulary, seed)])
    return lambda logits: rows(logits[None])[0]


def kept(logits):
    return (logits > -math.inf).tolist()


def past_the_first_tokens(row, token=0):
    """Let a row sample what cannot stop it, until it may stop."""
    only = torch.full((4,), -math.inf).index_fill(0, torch.tensor(token), 0.0)
    for _ in range(MIN_TOKENS):
        row(only)
    return row


def test_penalty_lowers_seen_tokens_of_either_sign():
    logits = torch.tensor([2.7, -2.0, 2.7, -2.0])
    seen = torch.tensor([True, True, False, False])
    penalised = penalise_repetition(logits, seen, 1.35)
    torch.testing.assert_close(penalised, torch.tensor([2.0, -2.7, 2.7, -2.0]))


def test_top_p_drops_the_token_that_crosses_the_share():
    logits = torch.tensor([0.2, 0.5, 0.3]).log()
    assert kept(keep_top_p(logits, 0.85)) == [False, True, True]
    assert kept(keep_top_p(logits, 0.6)) == [False, True, False]


def test_top_p_always_keeps_the_likeliest():
    assert kept(keep_top_p(torch.tensor([0.0, 5.0]), 1e-6)) == [False, True]


def test_top_p_of_one_keeps_all():
    assert all(kept(keep_top_p(torch.zeros(1025), 1.0)))


def test_top_k_keeps_ties():
    assert kept(keep_top_k(torch.tensor([1.0, 3.0, 2.0, 2.0]), 2)) == [False, True, True, True]


def test_top_k_beyond_the_vocabulary_keeps_all():
    assert all(kept(keep_top_k(torch.zeros(5), 15)))


def test_temperature_comes_after_top_p():
    """At this temperature 0.5 of the probability would hold all three tokens."""
    logits = torch.tensor([0.6, 0.3, 0.1]).log()
    probabilities = distribution(logits, top_k=15, top_p=0.65, temperature=100.0)
    torch.testing.assert_close(probabilities, torch.tensor([1.0, 0.0, 0.0]))


def test_temperature_shapes_the_distribution():
    logits = torch.tensor([1.0, 2.0])
    probabilities = distribution(logits, top_k=15, top_p=None, temperature=0.5)
    torch.testing.assert_close(probabilities, torch.tensor([2.0, 4.0]).softmax(0))


def test_sample_divides_by_the_noise():
    assert sample(torch.tensor([0.6, 0.4]), torch.tensor([3.0, 1.0])) == 1


def test_samples_follow_the_distribution():
    probabilities = torch.tensor([0.1, 0.6, 0.3]).expand(20_000, 3)
    noise = torch.empty(20_000, 3).exponential_(generator=torch.Generator().manual_seed(0))
    shares = sample(probabilities, noise).bincount() / 20_000
    torch.testing.assert_close(shares, probabilities[0], atol=0.015, rtol=0)


@settings(deadline=None, max_examples=50)
@given(logits_of_any_kind, st.integers(1, 50), st.floats(0.01, 1), st.floats(0.1, 5))
def test_distribution_is_one(logits, top_k, top_p, temperature):
    probabilities = distribution(logits, top_k=top_k, top_p=top_p, temperature=temperature)
    assert torch.isfinite(probabilities).all()
    assert probabilities.sum() == pytest.approx(1, abs=1e-4)
    assert logits[probabilities.argmax()] == pytest.approx(float(logits.max()), abs=1e-4)


@settings(deadline=None, max_examples=50)
@given(logits_of_any_kind, st.integers(1, 50))
def test_top_k_keeps_the_likeliest_as_they_are(logits, count):
    filtered = keep_top_k(logits, count)
    assert sum(kept(filtered)) >= min(count, len(logits))
    assert filtered.max() == logits.max()
    assert torch.equal(filtered[filtered > -math.inf], logits[filtered > -math.inf])


@settings(deadline=None, max_examples=50)
@given(logits_of_any_kind, st.floats(0.01, 1))
def test_top_p_keeps_no_more_than_its_share(logits, share):
    probabilities = logits.softmax(-1)[keep_top_p(logits, share) > -math.inf]
    assert len(probabilities) == 1 or probabilities.sum() <= share + 1e-4


@settings(deadline=None, max_examples=50)
@given(logits_of_any_kind, st.floats(1, 3))
def test_penalty_never_raises_a_token(logits, penalty):
    everything = torch.ones_like(logits, dtype=torch.bool)
    assert (penalise_repetition(logits, everything, penalty) <= logits).all()


@settings(deadline=None, max_examples=50)
@given(logits_of_any_kind, st.integers(0, 2**32))
def test_greedy_samples_the_likeliest_whatever_the_seed(logits, seed):
    logits = torch.cat([logits, torch.tensor([-60.0])])
    options = SamplingOptions(top_k=1, repetition_penalty=1.0)
    token = sampler(options, vocabulary=len(logits), seed=seed)(logits)
    assert logits[token] == logits.max()


def test_the_penalty_counts_prompt_and_output():
    options = SamplingOptions(top_k=1, repetition_penalty=2.0)
    row = sampler(options, prompt=torch.tensor([0]))
    logits = torch.tensor([5.0, 4.0, 3.0, -9.0])
    assert [int(row(logits)) for _ in range(3)] == [1, 2, 0]


def test_a_row_cannot_stop_at_once():
    row = sampler(SamplingOptions(repetition_penalty=1.0))
    logits = torch.tensor([0.0, 0.0, 0.0, 50.0])
    tokens = [int(row(logits)) for _ in range(MIN_TOKENS + 1)]
    assert 3 not in tokens[:-1]
    assert tokens[-1] == 3


def test_a_row_stops_when_eos_is_likeliest_whatever_is_sampled():
    logits = torch.tensor([1.0, 1.0, 1.0, 1.001])
    rows = [past_the_first_tokens(sampler(seed=seed)) for seed in range(20)]
    assert all(row(logits) == 3 for row in rows)


def test_a_row_stops_when_eos_is_sampled():
    logits = torch.tensor([1.0, 0.0, 0.0, 0.999])
    sampled = {int(past_the_first_tokens(sampler(seed=seed))(logits)) for seed in range(40)}
    assert {0, 3} <= sampled


def test_the_likeliest_is_looked_for_after_the_penalty():
    """Token 0 is likelier than EOS until its repetition is penalised."""
    logits = torch.tensor([5.0, -9.0, -9.0, 4.0])
    rows = [past_the_first_tokens(sampler(SamplingOptions(), seed=seed)) for seed in range(20)]
    assert all(row(logits) == 3 for row in rows)


def test_the_likeliest_is_looked_for_before_top_p_and_top_k():
    row = past_the_first_tokens(sampler(SamplingOptions(top_k=1, repetition_penalty=1.0)))
    assert row(torch.tensor([5.0, 4.0, 4.0, 4.9])) == 0


def test_a_row_leaves_the_logits_alone():
    logits = torch.tensor([1.0, 2.0, 3.0, 4.0])
    sampler()(logits)
    assert logits.tolist() == [1, 2, 3, 4]


def test_the_same_seed_samples_the_same():
    def tokens(seed):
        row = sampler(vocabulary=1025, seed=seed)
        return [int(row(torch.zeros(1025))) for _ in range(10)]

    assert tokens(1) == tokens(1)
    assert tokens(1) != tokens(2)


def test_a_row_samples_alone():
    """Samples of another row in between change nothing."""
    logits = torch.zeros(1025)
    alone, beside, other = (sampler(vocabulary=1025, seed=seed) for seed in (1, 1, 2))
    expected = [int(alone(logits)) for _ in range(5)]
    assert [(int(beside(logits)), int(other(logits)))[0] for _ in range(5)] == expected


def test_rows_with_options_of_their_own_sample_together_as_each_would_alone():
    options = [
        SamplingOptions(),
        SamplingOptions(top_k=1),
        SamplingOptions(top_k=900, top_p=0.8, temperature=1.7),
        SamplingOptions(top_p=0.3, repetition_penalty=1.0),
    ]
    prompts = [torch.arange(9 * row) for row in range(4)]
    logits = torch.randn(30, 4, 1025, generator=torch.Generator().manual_seed(0)) * 3
    rows = [(options[row], prompts[row], 1025, row) for row in range(4)]
    together = Sampler([state(*row) for row in rows])
    sampled = torch.stack([together(step) for step in logits])
    for number, row in enumerate(rows):
        alone = sampler(*row)
        assert sampled[:, number].tolist() == [int(alone(step[number])) for step in logits]


def test_a_row_goes_on_where_it_was_when_others_come_and_go():
    logits = torch.randn(30, 1025, generator=torch.Generator().manual_seed(0))
    alone = sampler(vocabulary=1025, options=SamplingOptions())
    expected = [int(alone(step)) for step in logits]
    row, sampled = state(SamplingOptions(), vocabulary=1025), []
    for start, others in enumerate([0, 2, 1]):
        beside = [state(vocabulary=1025, seed=seed + 1) for seed in range(others)]
        rows = Sampler([*beside, row])
        for step in logits[10 * start : 10 * start + 10]:
            sampled.append(int(rows(step.expand(others + 1, -1))[-1]))
    assert sampled == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_p": math.nan},
        {"temperature": 0.0},
        {"temperature": math.inf},
        {"temperature": math.nan},
        {"repetition_penalty": -1.0},
    ],
)
def test_options_out_of_range(wrong):
    with pytest.raises(OptionError, match=next(iter(wrong))):
        SamplingOptions(**wrong)
