"""The released models' content encoder: chinese-hubert-base, through `transformers`.

Upstream: `feature_extractor/cnhubert.py`.
"""

from pathlib import Path

import torch
from torch import Tensor

from mynah.errors import CheckpointError
from mynah.voice.content import ContentEncoder
from mynah.voice.sounds import Sounds


class HubertContent:
    """16 kHz waveforms to self-supervised features; see `ContentFeatures`.

    Args:
        folder: holds `config.json` and the weights, as released.

    Raises:
        CheckpointError: `transformers` is not installed, or the folder holds no such model.
    """

    encoder: ContentEncoder | None = None
    sounds: Sounds | None = None
    prompts = True

    def __init__(self, folder: Path) -> None:
        try:
            from transformers import HubertModel  # noqa: PLC0415
        except ImportError:
            raise CheckpointError(
                "chinese-hubert-base needs the package transformers: pip install 'mynah[released]'."
            ) from None
        try:
            self._model = HubertModel.from_pretrained(folder, local_files_only=True).eval()
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"{folder.name} holds no readable HuBERT ({str(error).splitlines()[0]}); "
                "pass the folder chinese-hubert-base as it was released."
            ) from error

    @torch.inference_mode()
    def __call__(self, samples: Tensor) -> Tensor:
        """Features (1, T, 768) at 50 Hz of a waveform (1, S) at 16 kHz."""
        features: Tensor = self._model(samples).last_hidden_state
        return features
