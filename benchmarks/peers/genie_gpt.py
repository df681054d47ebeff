"""Times Genie-TTS's GPT on given weights; run by the interpreter of its own environment.

The sessions are made as `genie_tts/ModelManager.py` makes them, from the networks in its package,
and run as `genie_tts/Core/Inference.py` runs them.
"""

import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

NETWORKS = "Data/v2/Models"


def session(name: str, weights: Path) -> onnxruntime.InferenceSession:
    """One of its networks with weights under their released names."""
    package = find_spec("genie_tts")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / NETWORKS / f"{name}.onnx"
    network = onnx.load(str(path), load_external_data=False)
    with np.load(weights) as file:
        for tensor in network.graph.initializer:
            value = file[tensor.name.replace("transformer_encoder", "h")]
            value = value if value.shape == tuple(tensor.dims) else value.T
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(value), tensor.name))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(
        network.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
    )


def main() -> None:
    """Print the seconds of each token as JSON."""
    weights, inputs, tokens = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    first = session("t2s_first_stage_decoder_fp32", weights)
    later = session("t2s_stage_decoder_fp32", weights)
    names = [given.name for given in later.get_inputs()]
    with np.load(inputs) as file:
        state = first.run(None, {"x": file["x"], "prompts": file["prompts"]})
    seconds = []
    for _ in range(tokens):
        began = time.perf_counter()
        y, embedded, _, *cache = later.run(None, dict(zip(names, state, strict=True)))
        state = [y, embedded, *cache]
        seconds.append(time.perf_counter() - began)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
