"""Parity with upstream's SoVITS, for every version."""

import pytest
import torch

from mynah.acoustic.decode_stream import WHOLE_SENTENCE
from mynah.acoustic.sovits.streaming import SoVITSStream, decode_next

TOLERANCE = 1e-4


@pytest.fixture(scope="session")
def references(golden) -> tuple[list[torch.Tensor], list[torch.Tensor] | None]:
    spectrograms = [golden["spectrogram0"], golden["spectrogram1"]]
    vectors = [golden["sv0"], golden["sv1"]] if "sv0" in golden else None
    return spectrograms, vectors


@pytest.fixture
def silence(monkeypatch) -> None:
    """No noise in the latents of streams."""
    monkeypatch.setattr("mynah.acoustic.sovits.streaming.NOISE_SCALE", 0.0)


@pytest.mark.parametrize(("name", "count"), [("one_reference", 1), ("two_references", 2)])
def test_waveform_is_upstreams(model, golden, references, name, count):
    spectrograms, vectors = references
    timbre = model.timbre(spectrograms[:count], vectors and vectors[:count])
    waveform = model.decode(golden["codes"][0], golden["phones"], timbre, noise_scale=0)
    assert waveform.shape == (1, *golden[name].shape)
    torch.testing.assert_close(waveform[0], golden[name], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_a_whole_sentence_at_a_speed_is_upstreams(model, golden, references, speed, silence):
    spectrograms, vectors = references
    timbre = model.timbre(spectrograms[:1], vectors and vectors[:1])
    stream = SoVITSStream(golden["phones"][0], timbre, speed, sizes=WHOLE_SENTENCE)
    stream.tokens, stream.ended = golden["codes"].flatten().tolist(), True
    (wave,) = decode_next(model, [stream])
    # The reference at 1.25 is stored in half precision.
    torch.testing.assert_close(wave, golden[f"speed_{speed}"], atol=TOLERANCE, rtol=2**-11)


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_streamed_speech_is_never_a_frame_off_upstreams(model, golden, references, speed, silence):
    """Upstream's step fits a whole sentence; a stream's is the speed, and so drifts a little."""
    spectrograms, vectors = references
    timbre = model.timbre(spectrograms[:1], vectors and vectors[:1])
    stream = SoVITSStream(golden["phones"][0], timbre, speed)
    waves = []
    for token in golden["codes"].flatten().tolist():
        stream.tokens.append(token)
        if stream.chunk:
            waves += decode_next(model, [stream])
    stream.ended = True
    while stream.chunk:
        waves += decode_next(model, [stream])
    assert len(waves) == 3
    streamed, upstreams = torch.cat(waves), golden[f"speed_{speed}"]
    assert streamed.shape == upstreams.shape
    for lag in lags(spectrum(streamed), spectrum(upstreams)):
        assert abs(lag) <= 1


def spectrum(wave):
    """Levels in dB, (bins, frames of the latents)."""
    bins = torch.stft(wave, 1024, 640, window=torch.hann_window(1024), return_complex=True)
    return 20 * bins.abs().clamp(min=1e-4).log10()


def lags(one, other, size=8, most=4):
    """Frames by which parts of one spectrum are best moved to be the other's."""
    parts = range(most, other.shape[1] - size - most + 1, size)
    for start in parts:
        part = other[:, start : start + size]
        yield min(
            range(-most, most + 1),
            key=lambda lag: (one[:, start + lag :][:, :size] - part).square().mean().item(),
        )


def test_semantic_tokens_are_upstreams(model, golden):
    assert torch.equal(model.distances(golden["ssl"]).argmin(2), golden["semantic"][0])


def test_half_precision_does_not_change_the_tokens(model, golden):
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(model.distances(golden["ssl"]).argmin(2), golden["semantic"][0])
