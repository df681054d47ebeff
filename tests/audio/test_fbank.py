"""Features of a speaker encoder, against those of torchaudio."""

import pytest
import torch

from mynah.audio.fbank import kaldi_fbank
from mynah.audio.sinc_resample import sinc_resample


def test_features_are_kaldis_in_silence_too(golden_speaker):
    features, expected = kaldi_fbank(golden_speaker["wav"]), golden_speaker["fbank"]
    assert features.shape == expected.shape == (59, 80)
    # The weakest bins, next to digital silence, are uncertain by a thousandth in float32.
    torch.testing.assert_close(features, expected, atol=5e-3, rtol=0)
    assert (features - expected).abs().mean() < 3e-5
    loud = expected > -8
    torch.testing.assert_close(features[loud], expected[loud], atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("rate", "new"), [(44_100, 32_000), (32_000, 16_000), (48_000, 24_000), (22_050, 24_000)]
)
def test_resampling_is_torchaudios(golden_speaker, rate, new):
    given, expected = (golden_speaker[f"resample/{rate}_{new}/{side}"] for side in ("in", "out"))
    torch.testing.assert_close(
        sinc_resample(given.flatten(), rate, new), expected.flatten(), atol=1e-6, rtol=0
    )
