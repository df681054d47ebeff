"""The interface between the engine and an acoustic model."""

import numpy as np
import pytest
import torch

from mynah.acoustic.acoustic_model import AcousticPrompt, chunk_sizes
from mynah.acoustic.decode_stream import DecodeStream
from mynah.acoustic.sovits.streaming import decode_next
from mynah.acoustic.sovits.streaming_model import StreamingSoVITS

PHONES = torch.arange(5)
TIMBRE = torch.randn(1, 32, 1, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def model(small) -> StreamingSoVITS:
    return StreamingSoVITS(small())


def opened(model, tokens):
    on = model.prepare(AcousticPrompt(TIMBRE))
    stream = model.open(
        PHONES, on, speed=1.0, seed=3, sizes=chunk_sizes("tokens", whole=False, first=True)
    )
    stream.tokens += range(tokens)
    stream.ended = True
    return stream


def test_a_stream_is_decoded_at_the_models_rate_a_little_below_full_scale(model):
    (wave,) = model.decode([opened(model, 4)])
    (full,) = decode_next(model.network, [opened(model, 4)])
    assert len(wave) == 4 / 25 * model.sample_rate
    np.testing.assert_allclose(wave, 0.98 * full.numpy(), rtol=1e-6)


def test_a_stream_of_another_model_is_refused(model):
    with pytest.raises(AssertionError, match="another model"):
        model.decode([DecodeStream(tokens=[1, 2], ended=True)])


def test_a_model_of_sentences_waits_for_the_last_token():
    stream = DecodeStream(sizes=chunk_sizes("sentence", whole=False, first=True), tokens=[0] * 2000)
    assert stream.chunk is None
    assert not stream.has_lookahead
    stream.ended = True
    assert (stream.chunk.end, stream.chunk.last) == (2000, True)


def test_later_sentences_have_longer_chunks():
    first, later = (chunk_sizes("tokens", whole=False, first=first) for first in (True, False))
    assert later[0] > first[0]


def test_whole_sentences_have_one_chunk():
    assert chunk_sizes("tokens", whole=True, first=True) == chunk_sizes(
        "sentence", whole=False, first=True
    )
