"""In 8 bits the GPT says nearly the same, and the same whoever is sampled beside it."""

from importlib.resources import as_file, files

import pytest
import torch
from torch.nn import functional as F

from mynah.checkpoints.gpt import load_gpt
from mynah.semantic.backends import int8, native_int8, select
from mynah.semantic.backends.int8 import Int8Linear, TorchInt8GPT, int8_is_supported
from mynah.semantic.backends.native_int8 import NativeInt8GPT, is_available
from mynah.semantic.backends.select import (
    LARGEST_ERROR,
    LEAST_WIDTH,
    logits_error,
    quantize,
    select_cpu,
)
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT

pytestmark = pytest.mark.skipif(not int8_is_supported(), reason="no 8-bit kernels")

PHONES = [torch.arange(3, 3 + length) for length in (40, 7, 33, 20)]
PROMPTS = [torch.arange(100, 100 + length) for length in (55, 3, 120, 0)]
STEPS = torch.arange(4 * 70).view(70, 4)
CAPACITY = 300


def decoded(gpt, rows):
    """Logits of the given rows, read and stepped together: (steps, rows, vocabulary)."""
    cache = gpt.new_cache(len(rows), CAPACITY)
    read = [[each[row] for row in rows] for each in (PHONES, [None] * 4, PROMPTS)]
    logits = [gpt.prefill(*read, cache)]
    return torch.stack(logits + [gpt.step(tokens[rows], cache) for tokens in STEPS])


@pytest.fixture
def wide():
    torch.manual_seed(0)
    return GPT(SemanticConfig(hidden=LEAST_WIDTH, heads=4, layers=2)).eval()


@pytest.fixture(params=[TorchInt8GPT, NativeInt8GPT])
def pack(request):
    """Makes a GPT one in 8 bits."""
    if request.param is NativeInt8GPT and not is_available(SemanticConfig()):
        pytest.skip("not compiled here: no compiler, or no such instructions")
    return request.param


@torch.inference_mode()
def test_a_row_does_not_change_by_a_bit_with_those_beside_it(wide, pack):
    """Rows of other lengths, whose windows end in other blocks, step along."""
    packed = pack(wide)
    hidden, predict = [], packed._predict
    packed._predict = lambda x: predict(hidden.append(x.clone()) or x)
    decoded(packed, [0, 1, 2, 3])
    together = torch.stack(hidden[4:])
    for row in range(4):
        hidden.clear()
        decoded(packed, [row])
        assert torch.equal(torch.stack(hidden[1:])[:, 0], together[:, row])


@pytest.mark.parametrize("heads", [8, 4, 2])
@torch.inference_mode()
def test_compiled_layers_do_what_packed_ones_do(heads):
    """Heads of 16, 32 and 64; rows enough for whole and broken tiles, and for several threads."""
    config = SemanticConfig(hidden=LEAST_WIDTH, heads=heads, layers=3)
    if not is_available(config):
        pytest.skip("not compiled here: no compiler, or no such instructions")
    torch.manual_seed(heads)
    gpt = GPT(config).eval()
    compiled, rows = NativeInt8GPT(gpt), [0, 1, 2, 3] * 4
    compiled._threads, compiled._rows_of_a_thread = 3, 4
    exact = decoded(gpt, rows)
    assert logits_error(exact, decoded(TorchInt8GPT(gpt), rows)) < 0.02
    assert logits_error(exact, decoded(compiled, rows)) < 0.02
    assert torch.equal(decoded(compiled, rows[:4])[:, 2], decoded(compiled, rows)[:, 6])


@torch.inference_mode()
def test_the_starter_predicts_nearly_the_same(pack):
    with as_file(files("mynah.starter") / "semantic.ckpt") as path:
        gpt = load_gpt(path)
    exact, logits = decoded(gpt, [0, 1, 2, 3]), decoded(pack(gpt), [0, 1, 2, 3])
    assert 0 < logits_error(exact[0], logits[0]) < LARGEST_ERROR / 2
    assert logits_error(exact, logits) < LARGEST_ERROR
    divergence = F.kl_div(
        logits.log_softmax(-1), exact.log_softmax(-1), log_target=True, reduction="none"
    )
    assert divergence.sum(-1).mean() < 0.01  # nats a token


@torch.inference_mode()
def test_float32_is_not_touched_by_packing(wide, pack):
    before = decoded(wide, [0, 2])
    pack(wide)
    assert torch.equal(decoded(wide, [0, 2]), before)


@torch.inference_mode()
def test_a_row_goes_on_where_it_was_copied_to(wide, pack):
    packed = pack(wide)
    cache, longer = packed.new_cache(2, 125), packed.new_cache(3, 200)
    for row in range(2):
        packed.prefill(PHONES[:1], [None], PROMPTS[:1], cache, row)
    cache.copy(1, longer, 0)
    for token in range(30):
        tokens = torch.tensor([token])
        assert torch.equal(packed.step(tokens, longer), packed.step(tokens, cache))
    assert cache.full(1) == [0]
    assert longer.full(1) == []


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("old", [False, True])
def test_a_linear_layer_in_8_bits_is_close_row_by_row(positive, old, monkeypatch):
    if old:  # without the instructions for 8 bits, which this processor need not have either
        monkeypatch.setattr(int8, "has_vnni", lambda: False)
    torch.manual_seed(0)
    weight, bias, x = torch.randn(96, 64), torch.randn(96), torch.randn(3, 5, 64)
    x = x.relu() * torch.tensor([0.01, 1, 100])[:, None, None] if positive else x
    linear = Int8Linear(weight, bias, positive=positive)
    exact, rounded = F.linear(x, weight, bias), linear(x)
    spread = (exact - bias).std(dim=-1, keepdim=True)
    assert ((rounded - exact) / spread).abs().max() < 0.1
    assert torch.equal(linear(x[1:2, 3]), rounded[1:2, 3])


def test_broken_and_empty_rows_stay_by_themselves():
    linear = Int8Linear(torch.randn(8, 64), torch.randn(8))
    x = torch.randn(4, 64)
    expected = linear(x)
    x[1], x[2, 5], x[3, 7] = 0.0, torch.nan, torch.inf
    y = linear(x)
    assert torch.equal(y[0], expected[0])
    assert torch.equal(y[1], linear._bias)
    assert y[2].isnan().all()
    assert not y[3].isfinite().any()


@pytest.mark.parametrize("reason", ["too narrow", "no kernels", "another sound", "slower"])
def test_float32_stays_where_8_bits_gain_nothing(wide, monkeypatch, reason):
    timed = iter([(torch.ones(1, 9).cumsum(1), 2.0), (torch.ones(1, 9).cumsum(1), 1.0)])
    if reason == "too narrow":
        wide = GPT(SemanticConfig(hidden=64, heads=4, layers=1)).eval()
    if reason == "no kernels":
        monkeypatch.setattr(select, "int8_is_supported", lambda: False)
    if reason == "another sound":
        timed = iter([(torch.randn(1, 9), 2.0), (torch.randn(1, 9), 1.0)])
    if reason == "slower":
        timed = iter([(torch.ones(1, 9).cumsum(1), 1.0), (torch.ones(1, 9).cumsum(1), 2.0)])
    monkeypatch.setattr(select, "first_logits", lambda _: next(timed))
    assert select_cpu(wide) is None


def test_8_bits_are_taken_where_they_are_faster_and_right(wide, monkeypatch):
    measured = select.first_logits
    speeds = iter([2.0, 1.0])
    monkeypatch.setattr(select, "first_logits", lambda gpt: (measured(gpt)[0], next(speeds)))
    packed = select_cpu(wide)
    assert isinstance(packed, NativeInt8GPT if is_available(wide.config) else TorchInt8GPT)


def test_its_size_is_that_of_its_matrices(wide, pack):
    matrices = sum(weight.numel() for weight in wide.h.parameters() if weight.ndim == 2)
    prediction = 1088 * LEAST_WIDTH if pack is NativeInt8GPT else 0  # of 1,025 ids, to whole tiles
    assert pack(wide).size == matrices + prediction


def test_without_a_compiler_torch_computes_in_8_bits(wide, monkeypatch):
    monkeypatch.setattr(native_int8, "_native_int8", None)
    assert isinstance(quantize(wide), TorchInt8GPT)


def test_broken_logits_are_within_no_bound():
    exact = torch.randn(3, 9)
    assert logits_error(exact, exact) == 0
    assert not logits_error(exact, exact * torch.nan) <= LARGEST_ERROR
