"""Whose voice is it? A speaker encoder that no part of Mynah has met.

An ONNX network with the interface of WeSpeaker's ResNet34 (Wang et al. 2022,
"Wespeaker: A Research and Production oriented Speaker Embedding Learning
Toolkit"): 80 Kaldi filter banks in, 256 values out. Its package does not name it.
"""

from pathlib import Path

import kaldi_native_fbank
import numpy as np
import soxr

from benchmarks.quality.recogniser import Array
from benchmarks.quality.session import onnx_session

SAMPLE_RATE = 16_000


class SpeakerEncoder:
    """Maps a recording to a point whose direction is the speaker.

    Args:
        model: The ONNX file.
        threads: CPU threads of the network.
    """

    def __init__(self, model: Path | str, threads: int = 1) -> None:
        self._network = onnx_session(Path(model), threads)

    def embed(self, samples: Array, sample_rate: int) -> Array:
        """A unit vector, shape (256,), of a mono recording; silence fills one under 0.5 s."""
        audio = soxr.resample(samples, sample_rate, SAMPLE_RATE)
        features = _filter_banks(np.pad(audio, (0, max(0, SAMPLE_RATE // 2 - len(audio)))))
        (embedding,) = self._network.run(None, {"input_features": features[None]})
        return np.asarray(embedding[0] / np.linalg.norm(embedding[0]), dtype=np.float32)


def _filter_banks(audio: Array) -> Array:
    """Kaldi's log-mel energies, shape (frames, 80), with the mean of each band removed."""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.window_type = "hamming"
    options.mel_opts.num_bins = 80
    computer = kaldi_native_fbank.OnlineFbank(options)
    computer.accept_waveform(SAMPLE_RATE, (audio * 32768.0).tolist())  # Kaldi counts in int16
    computer.input_finished()
    frames = np.stack([computer.get_frame(i) for i in range(computer.num_frames_ready)])
    return np.asarray(frames - frames.mean(axis=0), dtype=np.float32)
