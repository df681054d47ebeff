"""Moonshine as a listener to English: it had no part in training the starter.

Jeffries et al. 2024, "Moonshine: Speech Recognition for Live Transcription and Voice
Commands": a transformer that reads the waveform itself instead of a spectrogram. The
weights are the eight-bit tiny model.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.quality.decoder import TextDecoder
from benchmarks.quality.recogniser import SAMPLE_RATE, Array, windows
from benchmarks.quality.session import onnx_session
from mynah.errors import LanguageError

START = 1
END = 2

# English has about six tokens a second; far more is a recogniser repeating itself.
TOKENS_PER_SECOND = 10
EXTRA_TOKENS = 8

# Without a pause after the last word Moonshine may make up how the sentence goes on.
PAUSE_SECONDS = 0.5


class Moonshine:
    """Moonshine in ONNX: audio encoder, text decoder, vocabulary.

    Args:
        folder: Holds `encoder_model.ort`, `decoder_model_merged.ort` and `tokenizer.bin`.
        threads: CPU threads of each network.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._encoder = onnx_session(folder / "encoder_model.ort", threads)
        decoder = onnx_session(folder / "decoder_model_merged.ort", threads)
        self._decoder = TextDecoder(decoder, END)
        self._vocabulary = list(read_vocabulary((folder / "tokenizer.bin").read_bytes()))

    def transcribe(self, samples: Array, sample_rate: int, language: str) -> str:
        """Transcribe a recording of English; each 30 s are recognised on their own.

        Raises:
            LanguageError: The language is not English.
        """
        if language != "en":
            raise LanguageError(f"Moonshine does not know {language!r}: use en.")
        return " ".join(self._hear(each) for each in windows(samples, sample_rate))

    def _hear(self, audio: Array) -> str:
        padded = np.pad(audio, (0, int(PAUSE_SECONDS * SAMPLE_RATE)))[None]
        mask = np.ones(padded.shape, dtype=np.int64)
        (hidden,) = self._encoder.run(None, {"input_values": padded, "attention_mask": mask})
        inputs = {"encoder_hidden_states": hidden, "encoder_attention_mask": mask}
        limit = EXTRA_TOKENS + TOKENS_PER_SECOND * len(audio) // SAMPLE_RATE
        tokens = self._decoder.decode(inputs, [START], limit)
        return text_of(self._vocabulary[token] for token in tokens)


def read_vocabulary(stored: bytes) -> Iterator[bytes]:
    """The pieces of `tokenizer.bin` in order: each is its length, then its bytes.

    A length from 128 on takes two bytes, the first of them 128 plus its remainder.
    """
    at = 0
    while at < len(stored):
        length, at = stored[at], at + 1
        if length >= 128:
            length, at = length - 128 + 128 * stored[at], at + 1
        yield stored[at : at + length]
        at += length


def text_of(pieces: Iterable[bytes]) -> str:
    """Join pieces of a vocabulary that writes a space as ▁."""
    return b"".join(pieces).decode(errors="replace").replace("▁", " ").strip()
