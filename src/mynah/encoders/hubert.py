"""The released models' content encoder: chinese-hubert-base, through `transformers`.

Upstream: `feature_extractor/cnhubert.py`.
"""

from pathlib import Path

import torch
from torch import Tensor

from mynah.encoders.pretrained import Architecture, load_pretrained

FEATURES = 768
"""Width of the features."""

HUBERT = Architecture(
    "chinese-hubert-base", "hubert", ("HubertConfig", "HubertModel"), FEATURES, arguments={}
)


class HubertEncoder:
    """16 kHz waveforms to self-supervised features.

    Args:
        folder: holds `config.json` and the weights, as released.

    Raises:
        CheckpointError: `transformers` is not installed, or the folder holds no such model.
    """

    def __init__(self, folder: Path) -> None:
        self._model = load_pretrained(folder, HUBERT)

    @torch.inference_mode()
    def __call__(self, samples: Tensor) -> Tensor:
        """Features (1, T, 768) at 50 Hz of a waveform (1, S) at 16 kHz."""
        features: Tensor = self._model(samples).last_hidden_state
        return features
