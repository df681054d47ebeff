"""Tokens of the CUDA backend: those of the plain path, whatever else is in the batch."""

from dataclasses import replace

import pytest
import torch

from mynah.errors import ModelError, TextError
from mynah.semantic.backends import select
from mynah.semantic.batch import generate
from mynah.semantic.sampling import SamplingOptions, distribution, penalise_repetition
from mynah.semantic.sequence import SemanticRequest

OPTIONS = [
    SamplingOptions(),
    SamplingOptions(top_k=1),
    SamplingOptions(top_k=50, top_p=0.9, temperature=0.8),
    SamplingOptions(temperature=1.5, repetition_penalty=1.0),
]


@pytest.fixture
def make(cuda, gpt):
    """Puts the tiny GPT on the GPU."""
    from mynah.semantic.backends.cuda_batch import CudaDecoder

    return lambda dtype=torch.float32, **how: CudaDecoder.on(cuda, gpt, dtype, **how)


def request(number: int, **changes) -> SemanticRequest:
    """Each number has a text, a prompt, options and a length of its own."""
    generator = torch.Generator().manual_seed(number)
    given = {
        "phones": torch.randint(700, (3 + 25 * number % 67,), generator=generator),
        "prompt": torch.randint(1024, (37 * number % 140,), generator=generator),
        "sampling": OPTIONS[number % len(OPTIONS)],
        "seed": number,
        "max_tokens": 15 + 11 * number % 40,
    }
    return SemanticRequest(**given | changes)


def finish(batch, requests):
    rows = batch.join(requests)
    while not all(row.ended for row in rows):
        batch.step()
    assert all(row.error is None for row in rows)
    return [row.tokens for row in rows]


@pytest.mark.parametrize("recorded", [True, False])
def test_greedy_tokens_are_the_plain_paths(make, gpt, recorded):
    """Of the CPU, which computes them in float32, too; longer than attention sees at once."""
    greedy = {"sampling": SamplingOptions(top_k=1), "max_tokens": 300}
    requests = [request(number, **greedy) for number in range(3)]
    sampled = finish(make(recorded=recorded).batch(), requests)
    assert sampled == [list(generate(gpt, each)) for each in requests]


def test_windows_are_recorded(make):
    graphs = make()
    finish(graphs.batch(), [request(number) for number in range(3)])
    assert graphs.recorded


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_no_tokens_depend_on_the_others(make, dtype):
    """Alone, all at once, and one after the other into places that others have left."""
    graphs, requests = make(dtype), [request(number) for number in range(9)]
    alone = [finish(graphs.batch(), [each])[0] for each in requests]
    assert finish(graphs.batch(), requests) == alone
    batch, waiting, rows = graphs.batch(), list(requests), []
    while waiting or batch.sequences:
        if len(batch.sequences) < 3 and waiting:
            rows += batch.join([waiting.pop(0)])
        batch.step()
    assert [row.tokens for row in rows] == alone
    assert batch.free == graphs.rows


def test_another_seed_samples_other_tokens(make):
    batch = make().batch()
    sampled = finish(batch, [request(0, seed=seed, max_tokens=40) for seed in (1, 1, 2)])
    assert sampled[0] == sampled[1] != sampled[2]


def test_half_precision_predicts_nearly_the_same(make, gpt):
    exact, _ = select.first_logits(gpt)
    assert select.logits_error(exact, select.first_logits_on_gpu(make())) < 1e-4
    assert select.logits_error(exact, select.first_logits_on_gpu(make(torch.float16))) < 0.02


def test_a_row_whose_numbers_break_harms_no_other(make):
    graphs = make()
    alone = finish(graphs.batch(), [request(0)]) + finish(graphs.batch(), [request(2)])
    bert = torch.full((1024, len(request(1).phones)), torch.nan)
    batch = graphs.batch()
    first, broken, third = batch.join([request(0), request(1, bert=bert), request(2)])
    while batch.sequences:
        batch.step()
    assert isinstance(broken.error, ModelError)
    assert [first.tokens, third.tokens] == alone
    assert finish(batch, [request(0)]) == alone[:1]


def test_who_leaves_is_gone_at_once(make):
    batch = make().batch()
    first, second = batch.join([request(0, max_tokens=100), request(1, max_tokens=100)])
    batch.step()
    batch.step()
    batch.leave(first)
    left = list(first.tokens)
    assert batch.sequences == [second]
    batch.step()
    assert first.tokens == left


def test_a_batch_that_is_dropped_releases_its_slots(make):
    graphs = make()
    graphs.batch().join([request(0), request(1)])
    assert graphs.batch().free == graphs.rows


def test_a_request_that_is_too_long_is_refused(make):
    long = replace(request(0), phones=torch.zeros(4000, dtype=torch.long), max_tokens=1500)
    with pytest.raises(TextError, match="split the text"):
        make().batch().validate(long)


@pytest.mark.parametrize("options", OPTIONS)
def test_samples_are_as_likely_as_the_distribution_says(make, options):
    """Thousands of samples from the same logits, each with a seed of its own."""
    graphs, generator = make(), torch.Generator().manual_seed(0)
    slots, logits = graphs.slots, 2 * torch.randn(1025, generator=generator)
    (row,) = (batch := graphs.batch()).join([request(1, sampling=options, max_tokens=1500)])
    slot, seen = batch._slots[row], row.sampler.seen
    ids = torch.tensor([slot], dtype=torch.int32, device=slots.device)
    graphs.network.logits[0].copy_(logits)
    sampled, tokens = torch.zeros_like(ids), []
    for seed in range(2000):
        slots.assign(row, slot)
        slots.seeds[slot].fill_(seed)
        slots.steps[slot].fill_(11)
        graphs.network.sample(ids, sampled)
        tokens.append(sampled.clone())
    counts = torch.bincount(torch.cat(tokens).cpu(), minlength=1025)
    penalised = penalise_repetition(logits, seen, options.repetition_penalty)
    top_p = None if options.top_p == 1 else options.top_p
    expected = distribution(
        penalised, top_k=options.top_k, top_p=top_p, temperature=options.temperature
    )
    assert (counts / len(tokens) - expected).abs().max() < 0.05
    assert not counts[expected == 0].any()
