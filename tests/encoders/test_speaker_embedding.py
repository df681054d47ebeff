"""The speaker encoder computes what upstream's does, and each recording once."""

import numpy as np
import pytest
import torch

from mynah.audio.recording import Recording
from mynah.encoders.eres2net import ERes2NetV2
from mynah.encoders.speaker_embedding import (
    CachedSpeakerEmbedding,
    ERes2NetEmbedding,
    speaker_waveform,
)

UNUSED = {"seg_1.weight", "seg_1.bias"}


@pytest.fixture(scope="module")
def network(parity_v3) -> ERes2NetV2:
    """The whole network with reproducible weights."""
    state = torch.load(parity_v3("eres2netv2.ckpt"))
    network = ERes2NetV2()
    assert state.keys() - network.state_dict().keys() == UNUSED
    network.load_state_dict({name: value for name, value in state.items() if name not in UNUSED})
    return network.eval()


@torch.inference_mode()
def test_the_embedding_is_upstreams(network, golden_speaker):
    embedding = network(golden_speaker["fbank"][None])
    torch.testing.assert_close(embedding, golden_speaker["forward3"], atol=3e-4, rtol=0)


def test_a_waveform_gives_the_same_by_way_of_32_khz(network, golden_speaker):
    """16 kHz to 32 kHz and back keeps all but the highest bins."""
    recording = Recording(golden_speaker["wav"].numpy(), 16_000)
    embedding = ERes2NetEmbedding(network)(recording)
    expected = golden_speaker["forward3"][0]
    assert torch.cosine_similarity(embedding, expected, dim=0) > 0.95


def test_a_recording_beyond_full_scale_is_made_quieter_by_no_more_than_half():
    loud = Recording(np.array([0.0, 1.5, 0.0, -1.5] * 200, np.float32), 32_000)
    louder = Recording(2 * loud.samples, 32_000)
    quiet = Recording(loud.samples / 1.5, 32_000)
    torch.testing.assert_close(speaker_waveform(loud), speaker_waveform(quiet))
    torch.testing.assert_close(speaker_waveform(louder), speaker_waveform(quiet) * 1.5)


def test_a_recording_is_encoded_once(hum):
    encoded = []

    class Encoder:
        name = "counting"

        def __call__(self, recording):
            encoded.append(recording)
            return torch.ones(2)

    embed = CachedSpeakerEmbedding(Encoder())
    for pitch in (180, 180, 220, 180):
        assert embed(hum(pitch)).tolist() == [1.0, 1.0]
    assert len(encoded) == 2
