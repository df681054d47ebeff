"""Slices of recordings for training, and their file."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mynah.runtime.files import write_atomic
from mynah.training.prepare.frames import SAMPLE_RATE

_ARRAYS = ("samples", "speaker_vector")


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One person's speech: two to ten seconds, or a shorter clip as a whole.

    Attributes:
        samples: mono at 32 kHz between -1 and 1, (samples,), 1280 of them for each token.
        text: its words; None where they are not known.
        phones: ids of their phonemes as the model reads them; empty without words.
        codes: semantic tokens, 25 a second.
        speaker_vector: (20480,), if the model takes speaker vectors.
    """

    samples: NDArray[np.float32]
    text: str | None
    phones: Sequence[int]
    codes: Sequence[int]
    speaker_vector: NDArray[np.float32] | None = None

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Prepared training data.

    Attributes:
        slices: for training, in the order in which they were spoken.
        held_out: not for training: about one slice in ten, none if there are fewer than four.
        data_report: JSON on seconds, slices, noise, words and speakers; see `describe`.
    """

    slices: Sequence[Slice]
    held_out: Sequence[Slice]
    data_report: Mapping[str, Any]


def write_prepared(prepared: Prepared, path: Path) -> None:
    """Write prepared data atomically.

    Raises:
        OSError: it cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(
        {
            "slices": _rows(prepared.slices),
            "held_out": _rows(prepared.held_out),
            "data_report": dict(prepared.data_report),
        },
        buffer,
    )
    write_atomic(path, buffer.getvalue())


def read_prepared(path: Path) -> Prepared:
    """Read the file of `write_prepared`."""
    kept = torch.load(path, weights_only=True)
    return Prepared(_slices(kept["slices"]), _slices(kept["held_out"]), kept["data_report"])


def _rows(slices: Sequence[Slice]) -> list[dict[str, Any]]:
    return [
        {
            "samples": torch.from_numpy(each.samples),
            "text": each.text,
            "phones": list(each.phones),
            "codes": list(each.codes),
            "speaker_vector": _tensor(each.speaker_vector),
        }
        for each in slices
    ]


def _slices(rows: Sequence[dict[str, Any]]) -> list[Slice]:
    return [Slice(**row | {name: _array(row.get(name)) for name in _ARRAYS}) for row in rows]


def _tensor(values: NDArray[np.float32] | None) -> Tensor | None:
    return None if values is None else torch.from_numpy(values)


def _array(values: Tensor | None) -> NDArray[np.float32] | None:
    return None if values is None else values.numpy()
