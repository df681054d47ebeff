"""Teacher forcing, cached decoding and batches agree with one another."""

import pytest
import torch

PHONES = torch.tensor([9, 8, 7, 6, 5, 4, 3])
TOKENS = torch.arange(100, 190)
CLOSE = {"atol": 1e-4, "rtol": 0}


def teacher_forced(gpt, phones, tokens, bert=None):
    lengths = torch.tensor([len(phones)]), torch.tensor([len(tokens)])
    bert = None if bert is None else bert[None]
    return gpt(phones[None], lengths[0], bert, tokens[None], lengths[1])[0]


def cached(gpt, phones, tokens, prompt_length, cache=None):
    cache = cache or gpt.new_cache(1, len(phones) + len(tokens))
    logits = [gpt.prefill([phones], [None], [tokens[:prompt_length]], cache)[0]]
    logits += [gpt.step(token[None], cache)[0] for token in tokens[prompt_length:]]
    return torch.stack(logits)


@pytest.mark.parametrize("prompt_length", [0, 1, 30])
@torch.inference_mode()
def test_cached_decoding_equals_teacher_forcing(gpt, prompt_length):
    """90 tokens cross a block of the cache."""
    expected = teacher_forced(gpt, PHONES, TOKENS)[prompt_length:]
    torch.testing.assert_close(cached(gpt, PHONES, TOKENS, prompt_length), expected, **CLOSE)


@torch.inference_mode()
def test_padded_batch_equals_single_rows(gpt):
    phones = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 0, 0, 0]])
    tokens = torch.tensor([[10, 11, 1024, 1024], [20, 21, 22, 23]])
    bert = torch.randn(2, 1024, 5, generator=torch.Generator().manual_seed(0))
    logits = gpt(phones, torch.tensor([5, 2]), bert, tokens, torch.tensor([2, 4]))
    assert logits.shape == (2, 5, 1025)
    first = teacher_forced(gpt, phones[0], tokens[0, :2], bert[0])
    second = teacher_forced(gpt, phones[1, :2], tokens[1], bert[1, :, :2])
    torch.testing.assert_close(logits[0, :3], first, **CLOSE)
    torch.testing.assert_close(logits[1], second, **CLOSE)


@torch.inference_mode()
def test_rows_of_a_cache_do_not_meet(gpt):
    """Three rows of different lengths step together as each would alone."""
    rows = [(PHONES, TOKENS[:20]), (PHONES[:2], TOKENS[5:6]), (PHONES[3:], TOKENS[:0])]
    steps = torch.tensor([[50, 51, 52], [60, 61, 62]])
    cache = gpt.new_cache(3, 120)
    for row, (phones, prompt) in enumerate(rows):
        gpt.prefill([phones], [None], [prompt], cache, row)
    together = [gpt.step(tokens, cache) for tokens in steps]
    for row, (phones, prompt) in enumerate(rows):
        alone = cached(gpt, phones, torch.cat([prompt, steps[:, row]]), len(prompt))
        torch.testing.assert_close(torch.stack(together)[:, row], alone[1:], **CLOSE)


@torch.inference_mode()
def test_requests_read_together_are_read_as_each_alone(gpt):
    phones = [PHONES, PHONES[:2], PHONES[3:]]
    prompts = [TOKENS[:4], TOKENS[:20], TOKENS[:0]]
    bert = [None, torch.randn(1024, 2, generator=torch.Generator().manual_seed(0)), None]
    cache = gpt.new_cache(4, 64)
    together = gpt.prefill(phones, bert, prompts, cache, 1)
    stepped = gpt.step(torch.tensor([0, 1, 2, 3]), cache)[1:]
    for row in range(3):
        alone = gpt.new_cache(1, 64)
        (first,) = gpt.prefill(phones[row : row + 1], [bert[row]], [prompts[row]], alone)
        torch.testing.assert_close(together[row], first, **CLOSE)
        (second,) = gpt.step(torch.tensor([row + 1]), alone)
        torch.testing.assert_close(stepped[row], second, **CLOSE)


@torch.inference_mode()
def test_a_row_filled_anew_forgets(gpt):
    cache = gpt.new_cache(1, 100)
    cached(gpt, PHONES, TOKENS, 40, cache)
    again = cached(gpt, PHONES[:3], TOKENS[7:12], 2, cache)
    torch.testing.assert_close(again, cached(gpt, PHONES[:3], TOKENS[7:12], 2), **CLOSE)


@torch.inference_mode()
def test_steps_may_leave_the_last_rows_alone(gpt):
    cache = gpt.new_cache(2, 60)
    for row in range(2):
        gpt.prefill([PHONES], [None], [TOKENS[:5]], cache, row)
    gpt.step(TOKENS[5:6], cache)
    assert cache.lengths.tolist() == [len(PHONES) + 6, len(PHONES) + 5]


@torch.inference_mode()
def test_the_cache_never_moves_or_grows(gpt):
    cache = gpt.new_cache(1, 100)
    gpt.prefill([PHONES], [None], [TOKENS[:3]], cache)

    def memory():
        return [(t.data_ptr(), t.shape) for t in (cache.keys, cache.values, cache.lengths)]

    before = memory()
    for token in TOKENS[:80]:
        gpt.step(token[None], cache)
        assert memory() == before


@torch.inference_mode()
def test_a_full_cache_refuses_another_token(gpt):
    cache = gpt.new_cache(1, len(PHONES) + 1)
    gpt.prefill([PHONES], [None], [TOKENS[:1]], cache)
    with pytest.raises(AssertionError):
        gpt.step(TOKENS[1:2], cache)


@torch.inference_mode()
def test_no_features_are_zeros(gpt):
    zeros = torch.zeros(1024, len(PHONES))
    without = teacher_forced(gpt, PHONES, TOKENS)
    torch.testing.assert_close(teacher_forced(gpt, PHONES, TOKENS, zeros), without, **CLOSE)


@torch.inference_mode()
def test_tokens_do_not_see_the_future(gpt):
    changed = TOKENS.clone()
    changed[50:] = 3
    before, after = teacher_forced(gpt, PHONES, TOKENS), teacher_forced(gpt, PHONES, changed)
    torch.testing.assert_close(before[:51], after[:51], **CLOSE)
    assert not torch.allclose(before[51:], after[51:])


@torch.inference_mode()
def test_bfloat16_decodes_like_float32(gpt):
    """On CPU the cache stays in fp32, where attention is fast."""
    expected = teacher_forced(gpt, PHONES, TOKENS)
    logits = cached(gpt.bfloat16(), PHONES, TOKENS, 10)
    assert logits.dtype == torch.bfloat16
    assert gpt.new_cache(1, 10).keys.dtype == torch.float32
    similarity = torch.cosine_similarity(logits.float(), expected[10:])
    assert similarity.min() > 0.99


def test_training_reaches_every_weight(gpt):
    gpt.train()
    bert = torch.randn(1024, len(PHONES))
    logits = teacher_forced(gpt, PHONES, TOKENS, bert)
    target = torch.cat([TOKENS, torch.tensor([gpt.config.eos])])
    torch.nn.functional.cross_entropy(logits, target).backward()
    assert all(weight.grad.abs().sum() > 0 for weight in gpt.parameters())
