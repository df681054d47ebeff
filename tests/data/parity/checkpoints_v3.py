"""Builds v3, v4, LoRA, vocoder and speaker-encoder files with reproducible pseudo-random weights.

The same idea as `checkpoints.py`: every tensor is a pure function of its name, its shape, a seed
and two numbers from the manifest, so a file can be rebuilt anywhere and the reference's outputs in
`golden_*.npz` compared with what an implementation computes from it.

    python checkpoints_v3.py speaker OUT_DIR [SEED]     # what is behind golden_speaker.npz
    python checkpoints_v3.py v3 OUT_DIR [SEED]          # golden_v3.npz (model, BigVGAN, LoRA)
    python checkpoints_v3.py v4 OUT_DIR [SEED]          # golden_v4.npz (model, vocoder, LoRA)
    python checkpoints_v3.py full_v3v4 OUT_DIR          # released names and shapes, nothing in them

The full files take 1.3 MB together: every tensor in them is one zero, expanded to its shape.

A manifest file maps file names to entries:

    layout    "sovits": `{weight, config, info}` in half (and `lora_rank` where the entry has it);
              "generator": `{"generator": state}` in float, the config beside it (`config.json`);
              "bare": the state itself in float.
    tensors   name -> shape
    gain      name -> factor on the raw value (default 1); used for BatchNorm statistics and to
              reach the clips
    salt      added to the seed (default 0): so that a LoRA file's `wns1.*` differ from the base's
    tag       the two bytes that stand in place of "PK" (default: none)
    pickled   true: `config` is an object of class `utils.HParams`, which a loader must not import

The rotary frequencies are stored as files have them, in half; BigVGAN's filters are computed.
"""

import io
import json
import sys
import types
import zlib
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SEED = 20251230
HALF_LAYOUTS = {"sovits"}


def tensor(name: str, shape: list[int], seed: int = SEED, gain: float = 1.0) -> np.ndarray:
    """One parameter, rounded to what half precision can hold (as float32), or an int64 counter."""
    if name.endswith("num_batches_tracked"):
        return np.full(shape, 1000, np.int64)
    if name.endswith("inited"):
        return np.ones(shape, np.float32)
    if name.endswith("rotary_embed.inv_freq"):
        value = 10000.0 ** (-np.arange(shape[0]) / shape[0])
    elif name.endswith(".filter"):
        value = low_pass(shape[-1])
    else:
        value = drawn(name, shape, seed) * np.float32(gain)
    if name.endswith(".filter"):
        return value.reshape(shape).astype(np.float32)
    return value.astype(np.float16).astype(np.float32)


def drawn(name: str, shape: list[int], seed: int) -> np.ndarray:  # noqa: PLR0911
    """The random part of `tensor`, before the gain."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    noise = rng.standard_normal(shape, dtype=np.float32)
    in_decoder = name.startswith("dec.")
    if name.endswith("running_var"):
        return 1 + 0.25 * np.abs(noise)
    if name.endswith("running_mean"):
        return 0.3 * noise
    if name.endswith((".act.alpha", ".act.beta")):
        return 0.4 * noise
    if name.endswith(("embed", "embed_avg")):
        return noise
    if name.endswith("cluster_size"):
        return np.abs(noise) + 1
    if name.endswith("weight_g"):
        return (1.15 if in_decoder else 0.9) + 0.1 * noise
    if name.endswith(("gamma", "norm1.weight", "norm2.weight", "norm.weight", "alpha")):
        return 1 + 0.1 * noise
    if name.endswith("prelu.weight"):
        return 0.25 + 0.02 * noise
    if name.endswith("ar_predict_layer.weight"):
        return noise * 4 / np.sqrt(shape[-1])
    if len(shape) == 1 and name.endswith("weight"):
        return 1 + 0.1 * noise
    if len(shape) <= 1:
        return (0.002 if in_decoder else 0.05) * noise
    if "embedding" in name:
        return noise
    return noise / np.sqrt(np.prod(shape[1:]))


def low_pass(taps: int) -> np.ndarray:
    """BigVGAN's fixed filter: Kaiser-windowed sinc, cutoff 0.25, half width 0.3, sum 1."""
    attenuation = 2.285 * (taps // 2 - 1) * np.pi * 4 * 0.3 + 7.95
    beta = 0.1102 * (attenuation - 8.7)
    time = np.arange(-(taps // 2), taps // 2) + 0.5
    value = 0.5 * np.kaiser(taps, beta) * np.sinc(0.5 * time)
    return value / value.sum()


def arrays(manifest: dict, seed: int = SEED) -> dict[str, np.ndarray]:
    """All tensors of one manifest entry."""
    gain, seed = manifest.get("gain", {}), seed + manifest.get("salt", 0)
    return {
        name: tensor(name, shape, seed, gain.get(name, 1.0))
        for name, shape in manifest["tensors"].items()
    }


def filled_state(manifest: dict, seed: int) -> dict:
    """The entry's tensors for torch."""
    import torch

    return {
        key: torch.from_numpy(np.ascontiguousarray(value)).reshape(value.shape)
        for key, value in arrays(manifest, seed).items()
    }


def empty_state(manifest: dict) -> dict:
    """The entry's names and shapes only: enough to test a loader's key sets."""
    import torch

    half = torch.float16 if manifest["layout"] in HALF_LAYOUTS else torch.float32
    return {
        name: torch.zeros(
            (), dtype=torch.int64 if name.endswith("num_batches_tracked") else half
        ).expand(shape)
        for name, shape in manifest["tensors"].items()
    }


def hparams(value: object, kind: type) -> object:
    """Nested dictionaries as objects of upstream's class."""
    if not isinstance(value, dict):
        return value
    made = kind()
    made.__dict__.update({key: hparams(part, kind) for key, part in value.items()})
    return made


def write(name: str, manifest: dict, out: Path, seed: int = SEED, empty: bool = False) -> Path:
    """Saves one file in its released layout; returns its path."""
    import torch

    layout = manifest["layout"]
    state = empty_state(manifest) if empty else filled_state(manifest, seed)
    if layout in HALF_LAYOUTS and not empty:
        state = {key: value.half() for key, value in state.items()}
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    whole, config = state, manifest.get("config")
    if layout == "generator":
        whole = {"generator": state}
        (path.parent / "config.json").write_text(json.dumps(config, indent=4))
    elif layout == "sovits":
        whole = {"weight": state, "config": config, "info": manifest["info"]}
        if "lora_rank" in manifest:
            whole["lora_rank"] = manifest["lora_rank"]
    stand_in = types.ModuleType("utils")
    kind = stand_in.HParams = type("HParams", (), {"__module__": "utils"})
    if manifest.get("pickled"):
        whole["config"] = hparams(config, kind)
    before = sys.modules.get("utils")
    sys.modules["utils"] = stand_in
    try:
        buffer = io.BytesIO()
        torch.save(whole, buffer)
    finally:
        sys.modules.pop("utils")
        if before is not None:
            sys.modules["utils"] = before
    data = buffer.getvalue()
    tag = manifest.get("tag")
    path.write_bytes(tag.encode() + data[2:] if tag else data)
    return path


def main() -> None:
    size, out = sys.argv[1], Path(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else SEED
    for name, manifest in json.loads((HERE / f"{size}.json").read_text()).items():
        print(write(name, manifest, out, seed, empty=size.startswith("full")))


if __name__ == "__main__":
    main()
