"""The GPT computes what upstream's computes."""

import pytest
import torch

from mynah.checkpoints.file import read_checkpoint
from mynah.semantic.batch import generate
from mynah.semantic.sampling import SamplingOptions
from mynah.semantic.sequence import SemanticRequest

CASES = ["plain", "long_prompt", "prompt_free"]


@pytest.mark.parametrize("case", CASES)
@torch.inference_mode()
def test_first_logits(gpt, golden, case):
    phones, bert, prompt, expected = (
        golden[f"{case}/{name}"] for name in ("phones", "bert", "prompt", "first_logits")
    )
    cache = gpt.new_cache(1, len(phones) + len(prompt))
    (logits,) = gpt.prefill([phones], [bert], [prompt], cache)
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("case", CASES)
def test_greedy_tokens(gpt, golden, case):
    """The reference is greedy under the default penalty and holds the prompt and 61 tokens."""
    prompt, expected = golden[f"{case}/prompt"], golden[f"{case}/greedy"]
    request = SemanticRequest(
        phones=golden[f"{case}/phones"],
        prompt=prompt,
        bert=golden[f"{case}/bert"],
        sampling=SamplingOptions(top_k=1),
        max_tokens=61,
    )
    assert list(generate(gpt, request)) == expected[len(prompt) :].tolist()


def test_state_dict_has_the_released_names(gpt, parity):
    released = read_checkpoint(parity("s1_tiny.ckpt"))
    assert {f"model.{name}" for name in gpt.state_dict()} == set(released.weight)
