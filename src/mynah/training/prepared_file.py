"""What preparation made of recordings, kept so that a training that goes on need not repeat it."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from mynah.runtime.files import write_atomic
from mynah.training.preparation.prepare import Prepared
from mynah.training.preparation.slices import Slice


def write_prepared(prepared: Prepared, path: Path) -> None:
    """Writes it, whole or not at all.

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
    """Reads what `write_prepared` wrote."""
    kept = torch.load(path, weights_only=True)
    return Prepared(_slices(kept["slices"]), _slices(kept["held_out"]), kept["data_report"])


def _rows(slices: Sequence[Slice]) -> list[dict[str, Any]]:
    return [
        {
            "samples": torch.from_numpy(each.samples),
            "text": each.text,
            "phones": list(each.phones),
            "codes": list(each.codes),
        }
        for each in slices
    ]


def _slices(rows: Sequence[dict[str, Any]]) -> list[Slice]:
    return [Slice(**row | {"samples": row["samples"].numpy()}) for row in rows]
