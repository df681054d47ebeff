"""Inference sessions of the judges' networks: on the CPU, with a bounded number of threads."""

from pathlib import Path

import onnxruntime


def onnx_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Open an ONNX file (`.onnx`, or `.ort` as ONNX Runtime stores it)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
