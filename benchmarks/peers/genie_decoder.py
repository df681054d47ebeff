"""Times Genie-TTS's decoder on given weights; run by the interpreter of its own environment.

The session is made as `genie_tts/ModelManager.py` makes it, from the network in its package.
"""

import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

NETWORK = "Data/v2ProPlus/Models/vits_fp32.onnx"
PREFIX = "vq_model."


def session(weights: Path) -> onnxruntime.InferenceSession:
    """Its decoder with weights under their released names."""
    package = find_spec("genie_tts")
    assert package is not None
    assert package.origin is not None
    network = onnx.load(str(Path(package.origin).parent / NETWORK), load_external_data=False)
    with np.load(weights) as file:
        for tensor in network.graph.initializer:
            value = file[tensor.name.removeprefix(PREFIX)].reshape(tuple(tensor.dims))
            tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(
        network.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
    )


def main() -> None:
    """Print the seconds of each time as JSON."""
    weights, inputs, times = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    genie = session(weights)
    with np.load(inputs) as file:
        given = {name: file[name] for name in file.files}
    genie.run(None, given)
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        genie.run(None, given)
        seconds.append(time.perf_counter() - began)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
