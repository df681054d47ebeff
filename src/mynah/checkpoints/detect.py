"""Detection of a checkpoint's kind and version from its content."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from mynah.acoustic.flow_matching.config import Shaped
from mynah.acoustic.version import Version
from mynah.errors import CheckpointError

_VERSION_OF_SYMBOLS: dict[int, Version] = {322: "v1", 732: "v2"}
_PRO: dict[str | None, Version] = {"v2Pro": "v2Pro", "v2ProPlus": "v2ProPlus"}


_HEADS: dict[str, Literal["v3", "v4"]] = {
    "43797be674a37c1c83ee81081941ed0f": "v3",
    "4f26b9476d0c5033e04162c486074374": "v4",
}
"""The released base models by `Described.head`."""


_FLOW_MATCHING: dict[str, Literal["v3", "v4"]] = {"v3": "v3", "v4": "v4"}


LORA = "cfm.base_model.model."
"""The names of changes of a base model begin so."""


class Described(Protocol):
    """A checkpoint, or the header of one; see `Checkpoint` for the attributes."""

    @property
    def weight(self) -> Mapping[str, Shaped]:
        """Tensors by their released names."""

    @property
    def config(self) -> Mapping[str, Any]:
        """Sizes and training settings."""

    @property
    def version_tag(self) -> str | None:
        """Version that the file's first bytes name."""

    @property
    def head(self) -> str:
        """MD5 of the file's first 8,192 bytes."""


def is_lora(checkpoint: Described) -> bool:
    """True for a file that changes a base model and cannot speak without it."""
    return any(name.startswith(LORA) for name in checkpoint.weight)


def is_flow_matching(checkpoint: Described) -> bool:
    """True for v3 and v4, and LoRA files for them."""
    return any(name.startswith("cfm.") for name in checkpoint.weight)


def flow_matching_version(checkpoint: Described) -> Literal["v3", "v4"] | None:
    """The version of a flow-matching model; None if its file does not tell.

    Both have the same names and shapes. The file's head tells for released base models, its tag for
    LoRA files, and its config for what was fine-tuned with the web form.
    """
    model = checkpoint.config.get("model")
    stated = model.get("version") if isinstance(model, dict) else None
    told = _HEADS.get(checkpoint.head) or checkpoint.version_tag or stated
    return _FLOW_MATCHING.get(told) if isinstance(told, str) else None


def is_gpt(checkpoint: Described) -> bool:
    """True for a semantic model, whose names all start with `model.`."""
    return all(name.startswith("model.") for name in checkpoint.weight)


def sovits_version(checkpoint: Described) -> Version:
    """Version of a SoVITS checkpoint.

    Raises:
        CheckpointError: it holds another network, or a version Mynah cannot run.
    """
    weight = checkpoint.weight
    if is_gpt(checkpoint):
        raise CheckpointError(
            "this is a GPT checkpoint, not a SoVITS one: pass it as the semantic model"
        )
    if checkpoint.version_tag in ("v3", "v4") or is_flow_matching(checkpoint):
        raise CheckpointError(
            "v3 and v4 are not of this kind: use a v1, v2, v2Pro or v2ProPlus checkpoint"
        )
    if "sv_emb.weight" in weight:
        return _pro_version(checkpoint)
    try:
        return _VERSION_OF_SYMBOLS[symbols(checkpoint)]
    except KeyError:
        raise CheckpointError(
            f"a SoVITS of {symbols(checkpoint)} symbols is of no known version: "
            "use a v1 (322), v2, v2Pro or v2ProPlus (732) checkpoint"
        ) from None


def symbols(checkpoint: Described) -> int:
    """The number of phoneme symbols of a SoVITS checkpoint.

    Raises:
        CheckpointError: it has no phoneme embedding.
    """
    embedding = checkpoint.weight.get("enc_p.text_embedding.weight")
    if embedding is None or len(embedding.shape) != 2:
        raise CheckpointError(
            "the checkpoint has no SoVITS text encoder: pass a SoVITS file with inference weights"
        )
    return embedding.shape[0]


def _pro_version(checkpoint: Described) -> Version:
    # Both have the same layers, in sizes that the config states; only the name differs.
    model = checkpoint.config.get("model")
    stated = model.get("version") if isinstance(model, dict) else None
    by_name = _PRO.get(checkpoint.version_tag) or _PRO.get(stated)
    return by_name or ("v2ProPlus" if _first_channels(checkpoint) == 768 else "v2Pro")


def _first_channels(checkpoint: Described) -> int | None:
    conv = checkpoint.weight.get("dec.conv_pre.weight")
    return None if conv is None else conv.shape[0]
