"""Whisper as a listener, and why its word counts for less here.

Architecture and constants: Radford et al. 2022, "Robust Speech Recognition via
Large-Scale Weak Supervision". The weights are an ONNX export quantised to eight bits.

The starter's content encoder was taught by this recogniser's encoder, so for the
starter it is no independent listener: its error rates may flatter that model.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from benchmarks.quality.decoder import TextDecoder
from benchmarks.quality.recogniser import SAMPLE_RATE, WINDOW_SECONDS, Array, windows
from benchmarks.quality.session import onnx_session
from mynah.errors import LanguageError

N_FFT = 400
HOP = 160
MEL_BANDS = 80

# A recogniser that loses the thread repeats itself until its context is full; speech
# has at most about ten tokens a second (Mandarin), so more than this is such a loop.
TOKENS_PER_SECOND = 15
EXTRA_TOKENS = 16


class Whisper:
    """Whisper in ONNX: audio encoder, text decoder, tokenizer.

    Args:
        folder: Holds `tokenizer.json`, `config.json` and
            `onnx/{encoder_model,decoder_model_merged}_quantized.onnx`.
        threads: CPU threads of each network.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._encoder = onnx_session(folder / "onnx/encoder_model_quantized.onnx", threads)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        config = json.loads((folder / "config.json").read_text())
        no_time_stamps = self._start("en")[-1]
        time_stamps = range(no_time_stamps, int(config["vocab_size"]))
        self._decoder = TextDecoder(
            onnx_session(folder / "onnx/decoder_model_merged_quantized.onnx", threads),
            end=int(config["eos_token_id"]),
            never=[*config["suppress_tokens"], *time_stamps],
            never_first=config["begin_suppress_tokens"],
        )

    def transcribe(self, samples: Array, sample_rate: int, language: str) -> str:
        """Transcribe a recording; each 30 s are recognised on their own.

        Raises:
            LanguageError: Whisper does not know the language.
        """
        start = self._start(language)
        return " ".join(self._hear(each, start) for each in windows(samples, sample_rate))

    def _hear(self, audio: Array, start: list[int]) -> str:
        features = log_mel_spectrogram(audio)[None]
        (hidden,) = self._encoder.run(["last_hidden_state"], {"input_features": features})
        limit = EXTRA_TOKENS + TOKENS_PER_SECOND * len(audio) // SAMPLE_RATE
        tokens = self._decoder.decode({"encoder_hidden_states": hidden}, start, limit)
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True)).strip()

    def _start(self, language: str) -> list[int]:
        names = ("<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>", "<|notimestamps|>")
        tokens = [self._tokenizer.token_to_id(name) for name in names]
        known = [token for token in tokens if token is not None]
        if len(known) < len(names):
            raise LanguageError(f"Whisper does not know {language!r}: use zh or en.")
        return known


def log_mel_spectrogram(audio: Array) -> Array:
    """Whisper's input: 30 s of `audio` at 16 kHz as (80, 3000) log-mel energies."""
    padded = np.zeros(WINDOW_SECONDS * SAMPLE_RATE, dtype=np.float32)
    padded[: len(audio)] = audio
    padded = np.pad(padded, N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP][:-1]
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    energies = np.log10(np.maximum(power @ _mel_filters().T, 1e-10)).T
    energies = np.maximum(energies, energies.max() - 8.0)
    return np.asarray((energies + 4.0) / 4.0, dtype=np.float32)


@cache
def _mel_filters() -> Array:
    """Triangles of equal area on Slaney's mel scale, shape (80, 201)."""
    corners = _mel_to_hertz(np.linspace(0.0, _hertz_to_mel(SAMPLE_RATE / 2), MEL_BANDS + 2))
    low, centre, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    bins = np.linspace(0.0, SAMPLE_RATE / 2, N_FFT // 2 + 1)
    triangles = np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre))
    return np.asarray(np.maximum(0.0, triangles) * 2.0 / (high - low), dtype=np.float32)


# Slaney's scale: linear below 1 kHz (15 mel), then 27 mel to each factor of 6.4.
_LOG_STEP = np.log(6.4) / 27.0


def _hertz_to_mel(hertz: float) -> float:
    return float(15.0 + np.log(hertz / 1000.0) / _LOG_STEP)


def _mel_to_hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    linear = mels * 200.0 / 3.0
    return np.where(mels < 15.0, linear, 1000.0 * np.exp(_LOG_STEP * (mels - 15.0)))
