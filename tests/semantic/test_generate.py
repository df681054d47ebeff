"""Requests become tokens, or errors that say what to do."""

import pytest
import torch

from mynah.errors import OptionError, RecordingError, TextError
from mynah.semantic.batch import generate
from mynah.semantic.sampling import MIN_TOKENS
from mynah.semantic.sequence import MAX_TOKENS, SemanticRequest

PHONES = torch.tensor([11, 12, 13, 14, 15, 16])
PROMPT = torch.arange(200, 225)
NOTHING = torch.tensor([], dtype=torch.long)


def request(**changes):
    return SemanticRequest(**{"phones": PHONES, "prompt": PROMPT, "max_tokens": 30} | changes)


@pytest.fixture
def ending(gpt):
    """A GPT that wants to end at every step: its last hidden state is always EOS's vector."""
    with torch.no_grad():
        norm = gpt.h.layers[-1].norm2
        norm.weight.zero_()
        gpt.ar_predict_layer.weight.zero_()
        gpt.ar_predict_layer.weight[gpt.config.eos] = norm.bias
    return gpt


def test_the_same_seed_gives_the_same_tokens(gpt):
    first = list(generate(gpt, request(seed=7)))
    torch.manual_seed(99)
    assert list(generate(gpt, request(seed=7))) == first
    assert list(generate(gpt, request(seed=8))) != first


def test_no_seed_gives_new_tokens(gpt):
    assert list(generate(gpt, request())) != list(generate(gpt, request()))


def test_requests_may_be_decoded_in_turns(gpt):
    expected = list(generate(gpt, request(seed=1)))
    both = zip(generate(gpt, request(seed=1)), generate(gpt, request(seed=2)), strict=False)
    assert [token for token, _ in both] == expected


def test_the_model_may_end_after_eleven_tokens(ending):
    assert len(list(generate(ending, request()))) == MIN_TOKENS


def test_max_tokens_ends_the_rest(gpt):
    assert len(list(generate(gpt, request(max_tokens=5)))) == 5


def test_tokens_come_as_they_are_sampled(gpt, monkeypatch):
    """The first token needs no step of the model."""
    monkeypatch.setattr(gpt, "step", lambda *_: pytest.fail("stepped before it had to"))
    assert next(generate(gpt, request())) < gpt.config.eos


def test_decoding_without_a_prompt(gpt):
    tokens = list(generate(gpt, request(prompt=NOTHING, seed=3)))
    assert len(tokens) >= MIN_TOKENS
    assert all(0 <= token < gpt.config.eos for token in tokens)


def test_bfloat16_weights_and_float16_features(gpt):
    bert = torch.zeros(1024, len(PHONES), dtype=torch.float16)
    tokens = list(generate(gpt.bfloat16(), request(bert=bert, seed=3, max_tokens=20)))
    assert len(tokens) >= MIN_TOKENS


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"phones": NOTHING}, TextError, "no phonemes"),
        ({"phones": torch.tensor([0, 732])}, TextError, "732"),
        ({"phones": torch.tensor([-1])}, TextError, "phoneme set"),
        ({"phones": torch.zeros(4001, dtype=torch.long)}, TextError, "split"),
        ({"bert": torch.zeros(1024, 5)}, TextError, "text features"),
        ({"bert": torch.zeros(6, 1024)}, TextError, "text features"),
        ({"prompt": torch.zeros(2501, dtype=torch.long)}, RecordingError, "3 to 10 seconds"),
        ({"prompt": torch.tensor([1024])}, RecordingError, "quantizer"),
        ({"prompt": torch.tensor([-1])}, RecordingError, "quantizer"),
        ({"max_tokens": 0}, OptionError, "max_tokens"),
        ({"max_tokens": MAX_TOKENS + 1}, OptionError, "max_tokens"),
    ],
)
def test_bad_requests(gpt, wrong, error, words):
    with pytest.raises(error, match=words):
        next(generate(gpt, request(**wrong)))
