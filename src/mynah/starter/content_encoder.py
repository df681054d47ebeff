"""Content encoder: predicts HuBERT's features from the hidden states of a CTC aligner."""

from torch import Tensor, nn

from mynah.encoders.ctc_aligner import AlignerConfig, CTCAligner
from mynah.encoders.hubert import FEATURES

FRAME = 320
"""Samples of a frame of features."""


class MelContentEncoder(nn.Module):
    """16 kHz waveforms to content features; its aligner is of use by itself."""

    def __init__(self, config: AlignerConfig) -> None:
        super().__init__()
        self.aligner = CTCAligner(config)
        self.features = nn.Linear(config.width, FEATURES)

    def forward(self, samples: Tensor) -> Tensor:
        """Content features (batch, samples / 320, 768) of waveforms (batch, samples)."""
        whole = samples[:, : samples.shape[1] // FRAME * FRAME]
        return self.features(self.aligner.encode(self.aligner.mel(whole)))
