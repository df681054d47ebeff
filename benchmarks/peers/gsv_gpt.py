"""Times GSV-TTS-Lite's GPT on given weights; run by the interpreter of its own environment.

It is loaded as `gsv_tts/Loader.py` loads a file of the released format, for a CPU, and streams
token by token as `gsv_tts/TTS.py` has it stream pieces.
"""

import json
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


class Streaming(Protocol):
    """The interface of its GPT."""

    def infer_stream(
        self, x: Tensor, y: Tensor, bert_feature: Tensor, *, stream_chunk: int, debug: bool
    ) -> Iterator[object]:
        """Return chunks of so many tokens."""


def package() -> None:
    """Stand-in for `gsv_tts`, which itself imports everything, down to audio playback."""
    spec = find_spec("gsv_tts")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    module = ModuleType("gsv_tts")
    module.__path__ = list(spec.submodule_search_locations)
    sys.modules["gsv_tts"] = module


def loaded(weights: Path, places: int) -> Streaming:
    """Its GPT with room for so many phonemes and tokens."""
    from gsv_tts.Config import Config  # noqa: PLC0415
    from gsv_tts.Loader import get_gpt_weights  # noqa: PLC0415

    with np.load(weights) as file:
        weight = {f"model.{name}": torch.from_numpy(file[name]) for name in file.files}
    vocabulary, hidden = weight["model.ar_audio_embedding.word_embeddings.weight"].shape
    sizes = {
        "hidden_dim": hidden,
        "embedding_dim": hidden,
        "head": 16,
        "n_layer": len({name.split(".")[3] for name in weight if ".layers." in name}),
        "vocab_size": vocabulary,
        "phoneme_vocab_size": len(weight["model.ar_text_embedding.word_embeddings.weight"]),
        "dropout": 0,
        "EOS": vocabulary - 1,
    }
    config = Config()
    config.use_flash_attn, config.gpt_cache = False, [(1, places)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gpt.ckpt"
        torch.save({"weight": weight, "config": {"model": sizes}}, path)
        network: Streaming = get_gpt_weights(path, config).t2s_model
    return network


def main() -> None:
    """Print the seconds of each token as JSON."""
    weights, inputs, tokens = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    package()
    with np.load(inputs) as file:
        phones, prompt = (torch.from_numpy(file[name]) for name in ("phones", "prompts"))
    gpt = loaded(weights, phones.shape[1] + prompt.shape[1] + tokens + 3)
    bert = torch.zeros(1, phones.shape[1], 1024)
    sampled = gpt.infer_stream(phones, prompt, bert, stream_chunk=1, debug=False)
    times = [time.perf_counter() for _ in sampled]
    print(json.dumps([after - before for before, after in pairwise(times)]))


if __name__ == "__main__":
    main()
