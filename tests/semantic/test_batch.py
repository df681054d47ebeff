"""Sequences of many callers decoded together: none depends on the others."""

import pytest
import torch

from mynah.errors import ModelError, TextError
from mynah.semantic.backends.int8 import TorchInt8GPT
from mynah.semantic.backends.native_int8 import NativeInt8GPT, is_available
from mynah.semantic.batch import TorchBatch, generate
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT
from mynah.semantic.sampling import SamplingOptions
from mynah.semantic.sequence import SemanticRequest

OPTIONS = [
    SamplingOptions(),
    SamplingOptions(top_k=1),
    SamplingOptions(top_k=50, top_p=0.9, temperature=0.8),
    SamplingOptions(temperature=1.5, repetition_penalty=1.0),
]


def request(number: int, **changes) -> SemanticRequest:
    """Each number has a text, a prompt, options and a length of its own."""
    generator = torch.Generator().manual_seed(number)
    given = {
        "phones": torch.randint(700, (3 + 5 * number % 17,), generator=generator),
        "prompt": torch.randint(1024, (7 * number % 40,), generator=generator),
        "sampling": OPTIONS[number % len(OPTIONS)],
        "seed": number,
        "max_tokens": 15 + 11 * number % 40,
    }
    return SemanticRequest(**given | changes)


def finish(batch, rows):
    while not all(row.ended for row in rows):
        batch.step()
    return [row.tokens for row in rows]


@pytest.fixture(params=["float32", "8 bits", "8 bits, compiled"])
def gpt(gpt, request):
    if request.param == "8 bits":
        return TorchInt8GPT(gpt)
    if request.param == "8 bits, compiled":
        torch.manual_seed(0)
        wide = GPT(SemanticConfig(hidden=128, heads=8, layers=2)).eval()
        return (
            NativeInt8GPT(wide) if is_available(wide.config) else pytest.skip("not compiled here")
        )
    return gpt


@pytest.fixture
def alone(gpt):
    return lambda number, **changes: list(generate(gpt, request(number, **changes)))


def test_rows_sample_together_what_each_samples_alone(gpt, alone):
    batch = TorchBatch(gpt, rows=8)
    rows = batch.join([request(number) for number in range(8)])
    assert batch.free == 0
    assert finish(batch, rows) == [alone(number) for number in range(8)]
    assert batch.free == 8


def test_rows_join_and_leave_at_any_token(gpt, alone):
    """Three places for nine requests; a place is given anew as soon as it is free."""
    batch, waiting, rows = TorchBatch(gpt, rows=3), list(range(9)), []
    while waiting or batch.sequences:
        joining, waiting = waiting[: batch.free], waiting[batch.free :]
        rows += batch.join([request(number) for number in joining])
        assert len(batch.sequences) == 3 or not waiting
        batch.step()
    assert [row.tokens for row in rows] == [alone(number) for number in range(9)]


def test_who_leaves_is_gone_at_once_and_the_others_go_on(gpt, alone):
    batch = TorchBatch(gpt, rows=3)
    rows = batch.join([request(number) for number in range(3)])
    batch.step()
    batch.leave(rows[0])
    assert batch.free == 1
    left = list(rows[0].tokens)
    (late,) = batch.join([request(5)])
    assert finish(batch, [*rows[1:], late]) == [alone(1), alone(2), alone(5)]
    assert rows[0].tokens == left
    batch.leave(rows[0])
    assert batch.free == 3


def test_a_row_that_outgrows_its_bucket_moves_to_the_next(gpt, alone):
    batch = TorchBatch(gpt, rows=4, buckets=(32, 64, 256))
    numbers = [0, 1, 2, 3]
    long = {"max_tokens": 120}
    rows = batch.join([request(number, **long) for number in numbers])
    assert finish(batch, rows) == [alone(number, **long) for number in numbers]


def test_a_request_longer_than_the_largest_bucket_is_refused(gpt):
    batch = TorchBatch(gpt, rows=1, buckets=(64,))
    with pytest.raises(TextError, match="split the text or use a shorter recording"):
        batch.validate(request(1, max_tokens=60))
    batch.validate(request(1, max_tokens=30))


@pytest.mark.parametrize("poison", ["features", "cache"])
def test_a_row_whose_numbers_break_harms_no_other_and_not_the_next(gpt, alone, poison):
    batch = TorchBatch(gpt, rows=3)
    bert = torch.full((1024, len(request(1).phones)), torch.nan) if poison == "features" else None
    rows = batch.join([request(0), request(1, bert=bert), request(2)])
    if poison == "cache":
        batch._cache._caches[0].values[:, 1, :, 0] = torch.nan
    batch.step()
    assert isinstance(rows[1].error, ModelError)
    assert "not finite" in str(rows[1].error)
    (late,) = batch.join([request(6)])
    assert finish(batch, [rows[0], rows[2], late]) == [alone(0), alone(2), alone(6)]
    assert not batch._cache._caches[0].values.isnan().any()


def test_generate_raises_what_breaks_its_row(gpt):
    bert = torch.full((1024, len(request(1).phones)), torch.nan)
    with pytest.raises(ModelError):
        list(generate(gpt, request(1, bert=bert)))


def test_memory_is_taken_once(gpt):
    batch = TorchBatch(gpt, rows=2, buckets=(64, 128))
    caches = batch._cache._caches
    before = [cache.keys.data_ptr() for cache in caches]
    finish(batch, batch.join([request(0, max_tokens=80), request(1)]))
    assert [cache.keys.data_ptr() for cache in caches] == before


def test_memory_that_is_not_allocated_is_taken_as_rows_come(gpt, alone):
    batch = TorchBatch(gpt, rows=8, buckets=(32, 256), allocated=1)
    numbers, long = list(range(7)), {"max_tokens": 60}
    rows, sizes = [], []
    for number in numbers:
        rows += batch.join([request(number, **long)])
        batch.step()
        sizes.append(sum(cache.rows for cache in batch._cache._caches))
    assert sizes[0] == 2
    assert sizes == sorted(sizes)
    assert finish(batch, rows) == [alone(number, **long) for number in numbers]
    assert sum(cache.rows for cache in batch._cache._caches) <= 16
    batch.leave(batch.join([request(0)])[0])
    assert batch.free == 8
