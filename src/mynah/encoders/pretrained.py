"""Pretrained encoders in their released folders, loaded through `transformers` 4 and 5.

The released configs state float16, which version 5 obeys and version 4 does not. The config is
read here, so that both load the weights in float32.
"""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mynah.errors import CheckpointError
from mynah.runtime.files import read_regular

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Names that a folder's weights may have."""

_OLDEST, _NEWEST = (4, 46), 5
_UNUSED = frozenset({"masked_spec_embed"})  # the mask of HuBERT's own training
_REASON_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Architecture:
    """An encoder that the released models were trained with.

    Attributes:
        name: of the folder as it is released.
        model_type: what its config calls the architecture.
        classes: names of its config's and its model's class in `transformers`.
        hidden_size: width of its features.
        arguments: for the model's class.
    """

    name: str
    model_type: str
    classes: tuple[str, str]
    hidden_size: int
    arguments: Mapping[str, Any]


def read_config(folder: Path, architecture: Architecture) -> dict[str, Any]:
    """The `config.json` of a folder.

    Raises:
        CheckpointError: it cannot be read, or is of another architecture or width.
    """
    config = read_json(folder, "config.json", architecture.name)
    model_type, width = config.get("model_type"), config.get("hidden_size")
    if model_type != architecture.model_type:
        raise CheckpointError(
            f"{folder.name} holds a model of the type {model_type!r:.40}, not "
            f"{architecture.model_type!r}; {_remedy(architecture.name)}"
        )
    if width != architecture.hidden_size:
        raise CheckpointError(
            f"The encoder in {folder.name} has {width!r:.40} features, not "
            f"{architecture.hidden_size}; {_remedy(architecture.name)}"
        )
    return config


def read_json(folder: Path, name: str, released: str) -> dict[str, Any]:
    """An object in a JSON file of a released folder.

    Args:
        folder: that holds the file.
        name: of the file.
        released: name of the folder as it is released.

    Raises:
        CheckpointError: there is none.
    """
    try:
        content = json.loads(read_regular(folder / name))
    except OSError as error:
        raise CheckpointError(
            f"{folder.name} holds no readable {name} ({error.strerror}); {_remedy(released)}"
        ) from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise CheckpointError(
            f"{name} in {folder.name} is damaged or incomplete; {_remedy(released)}"
        )
    return content


def load_pretrained(folder: Path, architecture: Architecture) -> Any:  # noqa: ANN401
    """An encoder in float32 on the CPU, in evaluation mode; nothing is fetched.

    Raises:
        CheckpointError: `transformers` is missing or of an unknown version, or the folder does
            not hold the encoder as it was released.
    """
    transformers = _transformers(architecture.name)
    config = read_config(folder, architecture)
    weights = next((name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        raise CheckpointError(
            f"{folder.name} holds no weights ({' or '.join(WEIGHTS)}); {_remedy(architecture.name)}"
        )
    config_class, model_class = (getattr(transformers, name) for name in architecture.classes)
    stated = {name: value for name, value in config.items() if name != "dtype"}
    try:
        with _quiet():
            # Both versions know this name, which the released configs have.
            made = config_class.from_dict(stated | {"torch_dtype": "float32"})
            model, report = model_class.from_pretrained(
                folder,
                config=made,
                local_files_only=True,
                output_loading_info=True,
                **architecture.arguments,
            )
    except Exception as error:
        # Damaged weights make torch and transformers raise nearly anything.
        raise CheckpointError(
            f"{folder.name} cannot be loaded: {weights} is damaged, incomplete or does not fit "
            f"config.json ({_reason(error)}); {_remedy(architecture.name)}"
        ) from error
    missing = sorted(set(report["missing_keys"]) - _UNUSED)
    if missing:
        raise CheckpointError(
            f"{weights} in {folder.name} lacks {len(missing)} tensors, such as {missing[0]}; "
            f"{_remedy(architecture.name)}"
        )
    return model.eval()


def _transformers(name: str) -> Any:  # noqa: ANN401
    remedy = "pip install 'mynah[released]'"
    try:
        import transformers  # noqa: PLC0415
    except ImportError as error:
        raise CheckpointError(
            f"{name} needs the package transformers ({_reason(error)}): {remedy}."
        ) from None
    major, minor = (int(part) for part in transformers.__version__.split(".")[:2])
    if (major, minor) < _OLDEST or major > _NEWEST:
        raise CheckpointError(
            f"{name} needs transformers from {_OLDEST[0]}.{_OLDEST[1]} to {_NEWEST}, and "
            f"{transformers.__version__} is installed: {remedy}."
        )
    return transformers


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress bars and remarks of `transformers` off the terminal."""
    from transformers.utils import logging as output  # noqa: PLC0415

    level, bars = output.get_verbosity(), output.is_progress_bar_enabled()
    output.set_verbosity(logging.CRITICAL)
    output.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        output.set_verbosity(level)
        if bars:
            output.enable_progress_bar()


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return reason if len(reason) <= _REASON_LENGTH else f"{reason[:_REASON_LENGTH]}…"


def _remedy(released: str) -> str:
    return f"copy or download the folder {released} again, as GPT-SoVITS releases it."
