"""Adapter files: the change of a network's weights by training.

A low-rank change (LoRA, arXiv:2106.09685) takes a hundredth of the space of the parameter that
it changes, so that a server has room for many voices on one model. The file has the released
format, with the change of `name` under `name.down` and `name.up`, or `name.delta`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mynah.checkpoints.file import Checkpoint, read_checkpoint, write_checkpoint
from mynah.errors import CheckpointError

SEMANTIC_ADAPTER = "semantic.adapter"
"""File name of the GPT's adapter in a version's folder."""

ACOUSTIC_ADAPTER = "acoustic.adapter"
"""File name of the SoVITS's adapter in a version's folder."""

_SECTION = "adapter"


@dataclass(frozen=True, slots=True, eq=False)
class LowRank:
    """Low-rank change; a convolution's inputs and taps count together as `in`.

    Attributes:
        down: (rank, in).
        up: (out, rank).
    """

    down: Tensor
    up: Tensor

    def of(self, parameter: Tensor) -> Tensor:
        """The delta of a parameter of shape (out, ...).

        Raises:
            ValueError: the parameter has another shape.
        """
        if parameter.dim() < 2 or (len(self.up), self.down.shape[1]) != _sides(parameter):
            raise ValueError(f"no change for the shape {tuple(parameter.shape)}")
        return (self.up @ self.down).view(parameter.shape)


@dataclass(frozen=True, slots=True, eq=False)
class FullDelta:
    """Full-rank change, as large as the parameter."""

    delta: Tensor

    def of(self, parameter: Tensor) -> Tensor:
        """The delta of a parameter.

        Raises:
            ValueError: the parameter has another shape.
        """
        if parameter.shape != self.delta.shape:
            raise ValueError(f"no change for the shape {tuple(parameter.shape)}")
        return self.delta


Change = LowRank | FullDelta


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """The trained changes of one network.

    Attributes:
        base: fingerprint of the base weights.
        changes: by the released name of the parameter, as in the network's `state_dict()`.
    """

    base: str
    changes: Mapping[str, Change]


def tensors_of(changes: Mapping[str, Change]) -> dict[str, Tensor]:
    """The tensors of changes, by their names in the file."""
    return {
        f"{name}.{part}": getattr(change, part)
        for name, change in changes.items()
        for part in change.__slots__
    }


def fingerprint(state: Mapping[str, Tensor]) -> str:
    """Hash of a network's weights as files have them; of a SoVITS not fused, without `enc_q`."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(state.items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().to("cpu", torch.float16).contiguous().numpy().tobytes())
    return digest.hexdigest()


def merged(state: Mapping[str, Tensor], adapter: Adapter) -> dict[str, Tensor]:
    """The weights with the adapter applied; unchanged ones are the given tensors.

    Raises:
        CheckpointError: it was trained on other weights, or has no such parameter.
    """
    return {**state, **changed(state, adapter, fingerprint(state))}


def changed(state: Mapping[str, Tensor], adapter: Adapter, base: str) -> dict[str, Tensor]:
    """The changed weights alone of `merged`; `base` is the fingerprint of `state`.

    Raises:
        CheckpointError: it was trained on other weights, or has no such parameter.
    """
    if adapter.base != base:
        raise CheckpointError(
            "the adapter was trained on another model than this one: "
            "load it with the model that the voice was trained on, or train the voice again"
        )
    return {name: _changed(name, state.get(name), each) for name, each in adapter.changes.items()}


def adapters_in(folder: Path) -> tuple[Path | None, Path | None]:
    """Paths of the adapters of a version's GPT and SoVITS; None for a network that was not trained.

    Raises:
        CheckpointError: there is neither.
    """
    semantic, acoustic = folder / SEMANTIC_ADAPTER, folder / ACOUSTIC_ADAPTER
    if not (semantic.is_file() or acoustic.is_file()):
        raise CheckpointError(
            f"the version has neither {SEMANTIC_ADAPTER} nor {ACOUSTIC_ADAPTER}: "
            "speak with another version, or train the voice again"
        )
    return semantic if semantic.is_file() else None, acoustic if acoustic.is_file() else None


def save_adapter(adapter: Adapter, path: Path) -> None:
    """Write an adapter in float16, atomically.

    Raises:
        CheckpointError: the folder cannot be written to.
    """
    config = {_SECTION: {"base": adapter.base}}
    write_checkpoint(path, Checkpoint(tensors_of(adapter.changes), config))


def load_adapter(path: Path) -> Adapter:
    """Read an adapter onto the CPU, in float32, without executing anything in it.

    Raises:
        CheckpointError: the file cannot be read, or is no adapter.
    """
    checkpoint = read_checkpoint(path)
    section = checkpoint.config.get(_SECTION)
    base = section.get("base") if isinstance(section, Mapping) else None
    parts: dict[str, dict[str, Tensor]] = {}
    for key, tensor in checkpoint.weight.items():
        name, _, part = key.rpartition(".")
        parts.setdefault(name, {})[part] = tensor
    if not isinstance(base, str) or not all(map(_is_change, parts.values())):
        raise CheckpointError(
            f"{path.name} is no adapter that can be used: pass one that Mynah's training wrote"
        )
    return Adapter(base, {name: _change(own) for name, own in parts.items()})


def _changed(name: str, parameter: Tensor | None, change: Change) -> Tensor:
    if parameter is None:
        raise CheckpointError(f"the adapter changes {name}, which the model lacks: train it again")
    try:
        delta = change.of(parameter).to(parameter.device)
    except ValueError:
        raise CheckpointError(
            f"the adapter's change of {name} does not fit its shape {tuple(parameter.shape)}: "
            "train it again"
        ) from None
    return (parameter.detach().float() + delta.float()).to(parameter.dtype)


def _is_change(parts: Mapping[str, Tensor]) -> bool:
    if not all(map(_is_stored, parts.values())):
        return False
    if parts.keys() == set(FullDelta.__slots__):
        return True
    if parts.keys() != set(LowRank.__slots__):
        return False
    down, up = parts["down"], parts["up"]
    return down.dim() == up.dim() == 2 and len(down) == up.shape[1]


def _is_stored(part: Tensor) -> bool:
    """True for finite float16 values as they are written, and no more of them than the file has."""
    plain = part.dtype == torch.float16 and part.layout == torch.strided and part.is_contiguous()
    return plain and bool(part.isfinite().all())


def _change(parts: Mapping[str, Tensor]) -> Change:
    own = {part: tensor.float() for part, tensor in parts.items()}
    return FullDelta(**own) if "delta" in own else LowRank(**own)


def _sides(parameter: Tensor) -> tuple[int, int]:
    """The number of outputs, and of inputs and taps together."""
    return len(parameter), parameter[0].numel()
