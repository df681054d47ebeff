"""GPT checkpoints: released files to a module, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mynah.checkpoints.file import Checkpoint, read_checkpoint, write_checkpoint
from mynah.checkpoints.weights import assign_weights, skip_init
from mynah.errors import CheckpointError, OptionError
from mynah.options import SpeechOptions
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT
from mynah.semantic.sampling import SamplingOptions

PREFIX = "model."
"""Prefix of every name in a released GPT file."""


def load_gpt(path: Path) -> GPT:
    """Build the GPT of a released or fine-tuned file, in float32 on the CPU, ready to run.

    Raises:
        CheckpointError: the file is no GPT checkpoint, or its weights do not fit its config.
    """
    checkpoint = read_checkpoint(path)
    config = SemanticConfig.from_checkpoint(checkpoint.config)
    with skip_init():
        gpt = GPT(config)
    weight = {name.removeprefix(PREFIX): value for name, value in checkpoint.weight.items()}
    assign_weights(gpt, weight)
    gpt.sampling = _sampling(checkpoint.config)
    return gpt.eval()


def save_gpt(gpt: GPT, path: Path, *, info: str, config: Mapping[str, Any] | None = None) -> None:
    """Write a GPT in the released format, float16, atomically.

    Args:
        gpt: the network.
        path: the file, by custom `.ckpt`.
        info: a line on the progress of training, such as `GPT-e15`.
        config: further sections of the config, such as those of the base checkpoint; `model`
            always has the sizes of `gpt`. `inference` may hold sampling defaults:
            `{"top_k": 15, "temperature": 0.6}`.

    Raises:
        CheckpointError: the folder cannot be written to.
    """
    weight = {PREFIX + name: value for name, value in gpt.state_dict().items()}
    # Upstream's inference reads both defaults.
    sections = {"data": {"max_sec": 54}, "inference": {"top_k": 15}} | dict(config or {})
    sections["model"] = sections.get("model", {}) | gpt.config.to_checkpoint()
    write_checkpoint(path, Checkpoint(weight, sections, info))


def _sampling(config: Mapping[str, Any]) -> SamplingOptions:
    """Sampling defaults of the section `inference`; GPT-SoVITS's where it has none.

    Released files have `top_k` there and nothing else.
    """
    section = config.get("inference")
    given = section if isinstance(section, dict) else {}
    try:
        sampling = {
            name: type(own)(given.get(name, own)) for name, own in asdict(SamplingOptions()).items()
        }
        SpeechOptions(**sampling)  # whose ranges are those that callers can choose in
        return SamplingOptions(**sampling)
    except (OptionError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"The GPT's defaults for inference cannot be used ({error}); correct its config."
        ) from None
