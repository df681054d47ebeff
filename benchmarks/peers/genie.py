"""Genie-TTS, which runs GPT-SoVITS with ONNX Runtime, on given weights."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from benchmarks.peers.environment import python_with

PACKAGES = (("--no-deps", "genie-tts==2.0.2"), ("onnxruntime==1.22.1", "onnx", "numpy"))


def seconds_of_genie(
    script: str, network: nn.Module, inputs: Mapping[str, NDArray[np.generic]], times: int
) -> list[float]:
    """What each of some times takes it.

    Args:
        script: beside this file, run there with the files of weights and inputs, and the times.
        network: whose weights it is given, with their released names.
        inputs: by the names that it has for them.
        times: how many.
    """
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place) / "weights.npz", Path(place) / "inputs.npz"]
        for file, arrays in zip(files, (weights, inputs), strict=True):
            np.savez(file, **arrays)
        path = Path(__file__).with_name(script)
        command = [str(part) for part in (python_with("genie", *PACKAGES), path, *files, times)]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds: list[float] = json.loads(printed)
    return seconds
