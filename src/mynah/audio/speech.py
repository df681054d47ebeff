"""Synthesised speech."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mynah.errors import OptionError
from mynah.runtime.files import write_atomic

KINDS = ("wav", "flac", "ogg", "mp3")
"""Kinds of audio that speech is encoded as, named by their suffix."""

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Spoken text, or a chunk of it.

    Attributes:
        samples: mono, between -1 and 1, (samples,).
        sample_rate: samples per second.
        text: of a chunk, the sentence that it begins, or empty if it continues one.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    text: str

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.sample_rate

    def encode(self, kind: str) -> bytes:
        """Encode as a whole audio file of one of `KINDS`; WAV and FLAC have 16 bits."""
        import soundfile  # noqa: PLC0415  # a machine that only computes writes no files

        encoded = io.BytesIO()
        with soundfile.SoundFile(encoded, "w", self.sample_rate, 1, format=kind.upper()) as file:
            # libsndfile's Vorbis encoder puts all samples of a call on the stack.
            for start in range(0, len(self.samples), _BLOCK):
                file.write(self.samples[start : start + _BLOCK])
        return encoded.getvalue()

    def save(self, path: str | Path) -> None:
        """Write an audio file of the kind that its suffix names, atomically.

        Raises:
            OptionError: the suffix names no kind of audio.
            OSError: the file cannot be written.
        """
        path = Path(path)
        write_atomic(path, self.encode(kind_of(path)))


def kind_of(path: Path) -> str:
    """The kind of audio that a file's suffix names.

    Raises:
        OptionError: it names none of `KINDS`.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in KINDS:
        raise OptionError(f"{path} names no kind of audio; end it in .wav, .flac, .ogg or .mp3.")
    return kind
