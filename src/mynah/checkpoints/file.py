"""Reading and writing checkpoint files in the released format.

A file is what `torch.save` writes of `{weight, config, info}`. Fine-tuned files
of later versions carry a two-byte tag in place of the zip signature `PK`.
Upstream: `process_ckpt.py`. Nothing in a file is ever executed: its pickle may
only build tensors and plain containers.
"""

import io
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from mynah.checkpoints.header import (
    VERSION_TAGS,
    ZIP,
    HParams,
    check_nesting,
    damaged,
    digest,
    foreign,
    incomplete,
    plain,
    unreadable,
    version_tag,
)
from mynah.errors import CheckpointError
from mynah.runtime.files import read_regular, write_atomic

_FOLDER = 0x10  # of the attributes of MS-DOS
_ALLOWING = threading.Lock()  # PyTorch keeps its list of allowed classes for all threads


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The content of a checkpoint file.

    Attributes:
        weight: tensors by their released names, usually float16.
        config: sizes and training settings as plain dictionaries.
        info: a line on the progress of training.
        version_tag: version that the tag names (`v2Pro`, ...); None without a tag.
        head: MD5 of the first 8,192 bytes of the file, which tells released base models apart.
    """

    weight: Mapping[str, Tensor]
    config: Mapping[str, Any]
    info: str = ""
    version_tag: str | None = field(default=None, kw_only=True)
    head: str = field(default="", kw_only=True)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint onto the CPU without executing anything in it.

    Raises:
        CheckpointError: the file is missing, truncated, not a checkpoint, or its
            pickle asks for more than tensors and plain containers.
    """
    data = _read_bytes(path)
    tag = version_tag(data, path)
    checkpoint = _checkpoint_from(_unpickle(ZIP + data[2:], path), tag, path)
    return replace(checkpoint, head=digest(data))


def read_state(path: Path, section: str | None = None) -> dict[str, Tensor]:
    """Read a file that is nothing but tensors by their names, as `read_checkpoint` reads others.

    Args:
        path: the file.
        section: the key that they are under, if it is not the file as a whole.

    Raises:
        CheckpointError: the file is missing, damaged, or holds anything else.
    """
    data = _read_bytes(path)
    state = _unpickle(data, path) if data[:2] == ZIP else None
    check_nesting(state, path)
    state = plain(state)
    if section is not None:
        state = state.get(section) if isinstance(state, dict) else None
    if not _is_weight(state):
        raise CheckpointError(f"{path.name} does not hold weights alone: copy it as it is released")
    return cast(dict[str, Tensor], state)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in the released format, in float16, atomically.

    Raises:
        CheckpointError: the folder cannot be written to.
    """
    buffer = io.BytesIO()
    # Names of one tensor stay one in the file.
    once: dict[tuple[object, ...], Tensor] = {}
    weight = {
        name: once.setdefault(
            (tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()), _stored(tensor)
        )
        for name, tensor in checkpoint.weight.items()
    }
    torch.save(
        {"weight": weight, "config": dict(checkpoint.config), "info": checkpoint.info}, buffer
    )
    data = buffer.getvalue()
    if checkpoint.version_tag is not None:
        tags = {version: tag for tag, version in VERSION_TAGS.items()}
        data = tags[checkpoint.version_tag] + data[2:]
    try:
        write_atomic(path, data)
    except OSError as error:
        raise CheckpointError(
            f"cannot write {path.name} ({error.strerror}): check the folder, its rights and space"
        ) from error


def _read_bytes(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        raise unreadable(path, error) from error


def _unpickle(data: bytes, path: Path) -> object:
    file = io.BytesIO(data)
    try:
        _check_archive(file)
        with _ALLOWING, torch.serialization.safe_globals([(HParams, "utils.HParams")]):
            names = torch.serialization.get_unsafe_globals_in_checkpoint(file)
            if not names:
                file.seek(0)
                return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        # A damaged archive makes PyTorch raise nearly anything.
        raise damaged(path) from error
    raise foreign(path, names)


def _check_archive(file: io.BytesIO) -> None:
    # PyTorch reads a flipped bit as another weight, and inflates whatever it is given.
    archive = zipfile.ZipFile(file)
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
        raise zipfile.BadZipFile("an entry is compressed")
    # PyTorch reads no bytes of a folder, and leaves its tensor uninitialised.
    if any(entry.external_attr & _FOLDER for entry in archive.infolist()):
        raise zipfile.BadZipFile("an entry is a folder")
    broken = archive.testzip()
    if broken is not None:
        raise zipfile.BadZipFile(f"{broken} has a wrong checksum")
    file.seek(0)


def _checkpoint_from(content: object, tag: str | None, path: Path) -> Checkpoint:
    check_nesting(content, path)
    parts = plain(content)
    if (
        isinstance(parts, dict)
        and _is_weight(parts.get("weight"))
        and isinstance(parts.get("config"), dict)
    ):
        info = parts.get("info", "")
        return Checkpoint(parts["weight"], parts["config"], str(info), version_tag=tag)
    raise incomplete(path)


def _stored(tensor: Tensor) -> Tensor:
    # A copy: a view would drag the whole storage behind it into the file.
    return tensor.detach().to("cpu", torch.float16, copy=True)


def _is_weight(weight: object) -> bool:
    return (
        isinstance(weight, dict)
        and bool(weight)
        and all(
            isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in weight.items()
        )
    )
