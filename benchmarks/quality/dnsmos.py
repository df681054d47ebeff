"""DNSMOS P.835: predicted mean opinion of cleanness.

Reddy, Gopal and Cutler 2022, "DNSMOS P.835: A Non-Intrusive Perceptual Objective
Speech Quality Metric to Evaluate Noise Suppressors". Trained on noisy and denoised
speech: it hears noise and artefacts, hardly prosody.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from benchmarks.quality.recogniser import Array
from benchmarks.quality.session import onnx_session

SAMPLE_RATE = 16_000
WINDOW = 144_160  # samples that the network takes: 9.01 s

# The published map from the network's raw outputs to opinion scores, highest power first.
_SPEECH = np.poly1d([-0.08397278, 1.22083953, 0.0052439])
_BACKGROUND = np.poly1d([-0.13166888, 1.60915514, -0.39604546])
_OVERALL = np.poly1d([-0.06766283, 1.11546468, 0.04602535])


@dataclass(frozen=True)
class Opinion:
    """Mean opinion scores from 1 (bad) to 5 (excellent)."""

    speech: float
    background: float
    overall: float


class Dnsmos:
    """The predictor.

    Args:
        model: `sig_bak_ovr.onnx` of the published predictor.
        threads: CPU threads of the network.
    """

    def __init__(self, model: Path | str, threads: int = 1) -> None:
        self._network = onnx_session(Path(model), threads)

    def rate(self, samples: Array, sample_rate: int) -> Opinion:
        """Rates a mono recording; one shorter than 9 s is repeated, a longer one averaged."""
        audio = soxr.resample(samples, sample_rate, SAMPLE_RATE).astype(np.float32).clip(-1, 1)
        audio = np.tile(audio, -(-WINDOW // max(1, len(audio))))
        starts = range(0, len(audio) - WINDOW + 1, SAMPLE_RATE)
        windows = np.stack([audio[start : start + WINDOW] for start in starts])
        (raw,) = self._network.run(None, {"input_1": windows})
        return Opinion(
            speech=float(_SPEECH(raw[:, 0]).mean()),
            background=float(_BACKGROUND(raw[:, 1]).mean()),
            overall=float(_OVERALL(raw[:, 2]).mean()),
        )
