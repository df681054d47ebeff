"""What upstream's SoVITS computes, for every version."""

import pytest
import torch

TOLERANCE = 1e-4


@pytest.fixture(scope="session")
def references(golden) -> tuple[list[torch.Tensor], list[torch.Tensor] | None]:
    spectrograms = [golden["spectrogram0"], golden["spectrogram1"]]
    vectors = [golden["sv0"], golden["sv1"]] if "sv0" in golden else None
    return spectrograms, vectors


@pytest.mark.parametrize(
    ("name", "count"), [("one_reference", 1), ("two_references", 2), ("speed_0.8", 1)]
)
def test_waveform_is_upstreams(model, golden, references, name, count):
    spectrograms, vectors = references
    speed = 0.8 if name == "speed_0.8" else 1.0
    timbre = model.timbre(spectrograms[:count], vectors and vectors[:count])
    waveform = model.decode(
        golden["codes"][0], golden["phones"], timbre, speed=speed, noise_scale=0
    )
    assert waveform.shape == (1, *golden[name].shape)
    torch.testing.assert_close(waveform[0], golden[name], atol=TOLERANCE, rtol=0)


def test_semantic_tokens_are_upstreams(model, golden):
    assert torch.equal(model.distances(golden["ssl"]).argmin(2), golden["semantic"][0])


def test_half_precision_does_not_change_the_tokens(model, golden):
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(model.distances(golden["ssl"]).argmin(2), golden["semantic"][0])
