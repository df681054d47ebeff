"""Peers that run GPT-SoVITS, each in an environment of its own, on given weights."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.peers.environment import python_with


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer.

    Attributes:
        name: as it calls itself, with its version.
        environment: name of the environment that it runs in.
        packages: of it; arguments of `pip install`, one call each.
    """

    name: str
    environment: str
    packages: Sequence[Sequence[str]]

    def seconds(
        self, script: str, network: nn.Module, inputs: Mapping[str, NDArray[np.generic]], times: int
    ) -> list[float]:
        """Run a script in the peer's environment, and return the seconds of each time.

        Args:
            script: beside this file; run with the files of weights and inputs, and `times`.
            network: gives the weights, with their released names.
            inputs: by the peer's names of them.
            times: number of repetitions.
        """
        weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
        python = python_with(self.environment, *self.packages)
        with tempfile.TemporaryDirectory() as place:
            files = [Path(place) / "weights.npz", Path(place) / "inputs.npz"]
            for file, arrays in zip(files, (weights, inputs), strict=True):
                np.savez(file, **arrays)
            path = Path(__file__).with_name(script)
            command = [str(part) for part in (python, path, *files, times)]
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        seconds: list[float] = json.loads(printed)
        return seconds


GENIE = Peer(
    "Genie-TTS 2.0.2",
    "genie",
    (("onnxruntime==1.22.1", "onnx", "numpy"), ("--no-deps", "genie-tts==2.0.2")),
)
"""ONNX Runtime."""

GSV = Peer(
    "GSV-TTS-Lite 0.4.7",
    "gsv",
    (
        (f"torch=={torch.__version__.partition('+')[0]}", "numpy", "tqdm", "safetensors", "einops"),
        ("--no-deps", "gsv-tts-lite==0.4.7"),
    ),
)
"""Torch, as here, with a cache of fixed size."""
