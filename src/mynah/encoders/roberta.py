"""Text features of phonemes: what a Chinese BERT makes of the characters around them.

The released GPTs were trained with chinese-roberta-wwm-ext-large for Mandarin and with
zeros for every other language. Upstream: `TTS_infer_pack/TextPreprocessor.py`.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from mynah.encoders.pretrained import Architecture, load_pretrained
from mynah.encoders.vocabulary import Vocabulary
from mynah.errors import TextError
from mynah.text.sentence import Sentence, Span

WIDTH = 1024
"""Values of a feature, which every released GPT takes."""

ROBERTA = Architecture(
    "chinese-roberta-wwm-ext-large",
    "bert",
    ("BertConfig", "BertModel"),
    WIDTH,
    arguments={"add_pooling_layer": False},
)

LAYER = -3
"""Which hidden states are the features: the third from the last."""


class TextFeatures(Protocol):
    """Gives the text features of a sentence's phonemes."""

    def __call__(self, sentence: Sentence) -> Tensor | None:
        """Features (1024, phones) in fp32 on the CPU; None stands for zeros."""
        ...


class NoTextFeatures:
    """Zeros, as for every language but Mandarin; for models trained without a BERT."""

    def __call__(self, sentence: Sentence) -> None:
        """None, which stands for zeros."""


class RobertaTextFeatures:
    """Features of chinese-roberta-wwm-ext-large, in the folder in which it is released.

    A character's feature is repeated for each of its phonemes; each uninterrupted run of
    Mandarin is read by itself, as in the training of the released models.

    Args:
        folder: holds `config.json`, the weights, and `tokenizer.json` or `vocab.txt`.

    Raises:
        CheckpointError: `transformers` is not installed, or the folder holds no such model.
    """

    def __init__(self, folder: Path) -> None:
        self._model = load_pretrained(folder, ROBERTA)
        self._vocabulary = Vocabulary.read(folder, self._model.config.vocab_size)

    @torch.inference_mode()
    def __call__(self, sentence: Sentence) -> Tensor:
        """Features (1024, phones); zeros where the sentence is not Mandarin.

        Raises:
            TextError: more Mandarin without interruption than the BERT has places for.
        """
        features = torch.zeros(WIDTH, len(sentence.phones))
        for run in _mandarin_runs(sentence.spans):
            for span, feature in zip(run, self._read(run), strict=True):
                features[:, span.start : span.end] = feature[:, None]
        return features

    def _read(self, run: Sequence[Span]) -> Tensor:
        limit = self._model.config.max_position_embeddings - 2
        if len(run) > limit:
            raise TextError(
                f"The sentence has {len(run)} Chinese characters in a row, the BERT reads {limit}; "
                "split it."
            )
        ids = self._vocabulary.encode([span.text for span in run])
        states = self._model(torch.tensor([ids]), output_hidden_states=True).hidden_states
        read: Tensor = states[LAYER][0, 1:-1]
        return read


def _mandarin_runs(spans: Sequence[Span]) -> Iterator[list[Span]]:
    for mandarin, run in groupby(spans, key=lambda span: span.language == "zh"):
        if mandarin:
            yield list(run)
