"""Speaker embeddings: vectors of recordings that tell people apart."""

import hashlib
import threading
from typing import Protocol

import torch
from cachetools import LRUCache
from torch import Tensor

from mynah.audio.fbank import SAMPLE_RATE as FBANK_RATE
from mynah.audio.fbank import kaldi_fbank
from mynah.audio.recording import Recording
from mynah.audio.sinc_resample import sinc_resample
from mynah.encoders.eres2net import ERes2NetV2

CACHE_BYTES = 16 << 20
"""Memory for embeddings: of some two hundred recordings."""

_FIRST_RATE = 32_000
_MOST_REDUCTION = 2.0


class SpeakerEmbedding(Protocol):
    """A speaker encoder."""

    @property
    def name(self) -> str:
        """Of the network, such as `eres2netv2`."""
        ...

    def __call__(self, recording: Recording) -> Tensor:
        """The embedding of a recording of one person, (width,), in float32."""
        ...


class ERes2NetEmbedding:
    """Embeddings by ERes2NetV2, as v2Pro and v2ProPlus take them; see `SpeakerEmbedding`.

    Args:
        network: in eval mode, in float32.
    """

    name = "eres2netv2"

    def __init__(self, network: ERes2NetV2) -> None:
        # oneDNN takes two thirds of the time where the channels lie side by side.
        self._network = network
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in stubs

    @torch.inference_mode()
    def __call__(self, recording: Recording) -> Tensor:
        """The embedding, (20480,)."""
        features = kaldi_fbank(speaker_waveform(recording))
        embedding: Tensor = self._network(features[None])[0]
        return embedding


class CachedSpeakerEmbedding:
    """A `SpeakerEmbedding` that encodes each recording once, one at a time.

    The versions of a voice, and all that asks about it, share what is kept.
    """

    def __init__(self, encoder: SpeakerEmbedding) -> None:
        self._encoder = encoder
        self._lock = threading.Lock()
        self._kept: LRUCache[bytes, Tensor] = LRUCache(CACHE_BYTES, lambda each: each.nbytes)

    @property
    def name(self) -> str:
        """See `SpeakerEmbedding`."""
        return self._encoder.name

    def __call__(self, recording: Recording) -> Tensor:
        """See `SpeakerEmbedding`."""
        digest = hashlib.blake2b(recording.samples.tobytes(), digest_size=16)
        digest.update(str(recording.sample_rate).encode())
        key = digest.digest()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._encoder(recording)
            return self._kept[key]


def speaker_waveform(recording: Recording) -> Tensor:
    """A recording as upstream gives it to its speaker encoder: (samples,) at 16 kHz.

    It is resampled to 32 kHz first, and made quieter there if it is beyond full scale.
    """
    samples = torch.from_numpy(recording.samples)
    samples = sinc_resample(samples, recording.sample_rate, _FIRST_RATE)
    peak = float(samples.abs().max())
    if peak > 1.0:
        samples = samples / min(_MOST_REDUCTION, peak)
    return sinc_resample(samples, _FIRST_RATE, FBANK_RATE)
