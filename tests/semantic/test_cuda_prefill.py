"""Prefill at a length of its own equals the plain path."""

import pytest
import torch

from mynah.semantic.backends.cuda_prefill import Prefill
from mynah.semantic.kv_cache import TorchKVCache
from mynah.semantic.sequence import SemanticRequest

CAPACITY = 512


@pytest.fixture(params=["cpu", "recorded", "kernel by kernel"])
def device(request):
    """The device of prefill; a GPU captures what is not on its default stream."""
    if request.param == "cpu":
        yield torch.device("cpu")
        return
    gpu = request.getfixturevalue("cuda")
    with torch.cuda.stream(torch.cuda.Stream(gpu)):
        yield gpu


@pytest.fixture
def read(request, device, gpt):
    """Prefill the second of three rows: logits, keys and values of each."""
    recorded = request.node.callspec.params["device"] == "recorded"
    gpt.to(device)
    cache = TorchKVCache(gpt.config, 3, CAPACITY, dtype=torch.float32, device=device)
    logits = torch.zeros((1, gpt.config.vocabulary), device=device)
    prefill = Prefill(gpt, cache, logits, recorded=recorded)

    def each(*requests: SemanticRequest) -> list[tuple[torch.Tensor, ...]]:
        found = []
        for asked in requests:
            with torch.inference_mode():
                prefill.run(asked, 1)
            assert cache.lengths.tolist()[1] == asked.prefill_length
            assert cache.text_lengths.tolist()[1] == len(asked.phones)
            kept = (
                cache.keys[:, 1, :, : asked.prefill_length],
                cache.values[:, 1, :, : asked.prefill_length],
            )
            found.append((logits.cpu().clone(), *(each.cpu().clone() for each in kept)))
        assert prefill.recorded == recorded
        assert not cache.keys[:, 0].any()
        return found

    return each


def plain(gpt, asked: SemanticRequest) -> tuple[torch.Tensor, ...]:
    gpt.to("cpu")
    cache = TorchKVCache(gpt.config, 1, CAPACITY, dtype=torch.float32, device=torch.device("cpu"))
    with torch.inference_mode():
        logits = gpt.prefill([asked.phones], [asked.bert], [asked.prompt], cache)
    return (
        logits,
        cache.keys[:, 0, :, : asked.prefill_length],
        cache.values[:, 0, :, : asked.prefill_length],
    )


def asked(phones: int, prompt: int, *, bert: float | None = None) -> SemanticRequest:
    generator = torch.Generator().manual_seed(phones)
    return SemanticRequest(
        phones=torch.randint(700, (phones,), generator=generator),
        prompt=torch.randint(1024, (prompt,), generator=generator),
        bert=None if bert is None else bert * torch.randn(1024, phones, generator=generator),
    )


def test_it_reads_as_the_plain_path(read, gpt):
    """Longer and shorter ones by turns; what an earlier one was told is not seen."""
    requests = [
        asked(50, 14, bert=1.0),
        asked(1, 0),
        asked(20, 31, bert=torch.nan),
        asked(60, 200),
        asked(33, 0, bert=1.0),
        asked(12, 500),
    ]
    for request, found in zip(requests, read(*requests), strict=True):
        for expected, value in zip(plain(gpt, request), found, strict=True):
            torch.testing.assert_close(value, expected, atol=2e-3, rtol=2e-3, equal_nan=True)


def test_it_reads_the_same_again_whatever_came_between(read):
    first, _, again = read(asked(20, 30), asked(25, 20, bert=torch.nan), asked(20, 30))
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one, other)
