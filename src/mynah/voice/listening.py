"""Hears whether a sound says what it should, by the content encoder's CTC head."""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.text.symbols import MARKS, SymbolTable
from mynah.voice.content import HOP, ContentEncoder


class Listener(Protocol):
    """Judges how well a sound says its phonemes."""

    def __call__(self, samples: Tensor, phones: list[int]) -> float:
        """Nats per phoneme by which (S,) samples at 16 kHz miss the phonemes; less is better."""
        ...


class ContentListener:
    """Judges by CTC: a dropped, repeated or slurred phoneme costs nats.

    Args:
        encoder: a content encoder with a trained CTC head.
    """

    def __init__(self, encoder: ContentEncoder) -> None:
        self._encoder = encoder
        symbols = SymbolTable.of("v2").symbols
        self._silent = {place for place, symbol in enumerate(symbols) if symbol in MARKS}

    @torch.inference_mode()
    def __call__(self, samples: Tensor, phones: list[int]) -> float:
        """See `Listener`; infinite where the sound is too short to say them all."""
        heard = torch.tensor([phone for phone in phones if phone not in self._silent])
        whole = samples[: len(samples) // HOP * HOP]
        scores = self._encoder.phoneme_scores(self._encoder(whole[None]))[0]
        nats = F.ctc_loss(
            scores[:, None],
            heard[None],
            torch.tensor([len(scores)]),
            torch.tensor([len(heard)]),
            blank=self._encoder.blank,
            reduction="sum",
        )
        return nats.item() / max(1, len(heard))
