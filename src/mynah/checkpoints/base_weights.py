"""Networks of trained versions, which share all unchanged tensors with their base."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Generic, Self, TypeVar

from torch import Tensor, nn

from mynah.acoustic.sovits.model import SoVITS
from mynah.acoustic.sovits.weight_norm import fused_state
from mynah.checkpoints.adapter import (
    adapters_in,
    changed,
    fingerprint,
    load_adapter,
)
from mynah.checkpoints.sovits import load_sovits
from mynah.semantic.gpt import GPT

Network = TypeVar("Network", bound=nn.Module)
Module = TypeVar("Module", bound=nn.Module)


class BaseWeights(Generic[Network]):
    """A model's network, ready to run and fused, and the builder of its trained versions.

    `released` returns the `state_dict()` of its file, not fused, which takes time and memory; it is
    called once, for the first version. `extra` are weights that the file has beside the network's;
    they count in the fingerprint.
    """

    def __init__(
        self,
        network: Network,
        released: Callable[[], Mapping[str, Tensor]],
        extra: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.network = network
        self._released = released
        self._extra = extra or {}

    def trained(self, adapter: Path) -> Network:
        """Build a version of the network from its adapter; only its changed layers take memory.

        Raises:
            CheckpointError: the file cannot be used, or was made for another network.
        """
        state = self.state
        changes = changed(state, load_adapter(adapter), self.fingerprint)
        layers = {_layer_of(name) for name in changes}
        whole = {name: state[name] for name in state if _layer_of(name) in layers}
        return _with(self.network, fused_state(whole | changes))

    @cached_property
    def state(self) -> dict[str, Tensor]:
        """Its `state_dict()` as its file has it, not fused: the starting point of training."""
        running = self.network.state_dict()
        return {name: running.get(name, tensor) for name, tensor in self._released().items()}

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of `state` and `extra`."""
        return fingerprint({**self.state, **self._extra})


@dataclass(frozen=True, slots=True, eq=False)
class VersionBuilder:
    """Both networks of a model, and the builder of its trained versions."""

    gpt: BaseWeights[GPT]
    sovits: BaseWeights[SoVITS]

    @classmethod
    def of(cls, gpt: GPT, sovits: SoVITS, file: Path, extra: Mapping[str, Tensor]) -> Self:
        """Create one from networks ready to run, and the SoVITS's file with its extra weights."""
        return cls(
            BaseWeights(gpt, gpt.state_dict),
            BaseWeights(sovits, lambda: load_sovits(file).state_dict(), extra),
        )

    def trained(self, folder: Path) -> tuple[GPT, SoVITS]:
        """Build the networks of a version from its folder; an untrained one is the model's own.

        Raises:
            CheckpointError: it holds none, or they cannot be used or are for another model.
        """
        semantic, acoustic = adapters_in(folder)
        return (
            self.gpt.trained(semantic) if semantic else self.gpt.network,
            self.sovits.trained(acoustic) if acoustic else self.sovits.network,
        )

    def bytes_beside(self, gpt: GPT, sovits: SoVITS) -> int:
        """Memory of a version's networks, without tensors shared with the model's own."""
        return _own_bytes(gpt, self.gpt.network) + _own_bytes(sovits, self.sovits.network)


def _own_bytes(network: nn.Module, base: nn.Module) -> int:
    shared = {tensor.data_ptr() for tensor in base.state_dict().values()}
    own = (each for each in network.state_dict().values() if each.data_ptr() not in shared)
    return sum(tensor.nbytes for tensor in own)


def _with(network: Network, state: Mapping[str, Tensor]) -> Network:
    """A copy of the network with some tensors replaced, and the rest shared."""
    other = _copied(network)
    for name, tensor in state.items():
        layer, _, own = name.rpartition(".")
        other.get_submodule(layer).load_state_dict({own: tensor}, strict=False, assign=True)
    return other


def _copied(module: Module) -> Module:
    """A copy of the modules that shares their tensors."""
    # `deepcopy` copies each module's dozen empty dictionaries, too: half the time of a switch.
    other = copy(module)
    other._parameters, other._buffers = dict(module._parameters), dict(module._buffers)
    other._modules = {
        name: None if child is None else _copied(child) for name, child in module._modules.items()
    }
    return other


def _layer_of(name: str) -> str:
    return name.rpartition(".")[0]
