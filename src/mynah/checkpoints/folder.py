"""Names of the parts of a model's folder, and checks that they fit together."""

from pathlib import Path

from mynah.acoustic.flow_matching.config import FlowMatchingVersion
from mynah.acoustic.version import Version
from mynah.errors import CheckpointError
from mynah.semantic.gpt import GPT
from mynah.text.symbols import SymbolTable

CONTENT = "content.pth"

SPEAKER_ENCODER = "pretrained_eres2netv2w24s4ep4.ckpt"
"""The speaker encoder of v2Pro and v2ProPlus, as GPT-SoVITS releases it."""

VOCODER = "vocoder.pth"
"""The vocoder of v4."""

V4_FOLDER = "gsv-v4-pretrained"
"""The folder that the release has v4's files in."""

_OTHERS = (CONTENT, SPEAKER_ENCODER, VOCODER)
_BASES: dict[FlowMatchingVersion, str] = {"v3": "s2Gv3.pth", "v4": "s2Gv4.pth"}
_SPEAKER_FOLDER = "sv"  # which the release has it in


def candidates(folder: Path, suffix: str) -> list[Path]:
    """The files that may be the network with a suffix."""
    found = sorted(path for path in folder.glob(f"*{suffix}") if path.name not in _OTHERS)
    # Where there is a LoRA file, too, these are its base.
    return [path for path in found if path.name not in _BASES.values()] or found


def base_file(folder: Path, version: FlowMatchingVersion) -> Path | None:
    """The base model of LoRA files of a version, in its place; None if it is not there."""
    places = (folder / _BASES[version], folder / V4_FOLDER / _BASES[version])
    return next((path for path in places if path.is_file()), None)


def speaker_encoder_file(folder: Path) -> Path | None:
    """The file of the speaker encoder, in the folder or its folder `sv`; None if there is none."""
    places = (folder / _SPEAKER_FOLDER / SPEAKER_ENCODER, folder / SPEAKER_ENCODER)
    return next((path for path in places if path.is_file()), None)


def only_file(folder: Path, suffix: str) -> Path:
    """The one file with a suffix.

    Raises:
        CheckpointError: there is none, or there are several.
    """
    found = candidates(folder, suffix)
    if len(found) == 1:
        return found[0]
    network = {".ckpt": "the GPT", ".pth": "the SoVITS"}[suffix]
    names = ", ".join(path.name for path in found) or "none"
    raise CheckpointError(
        f"{folder} must hold exactly one {suffix} file, {network} of the model, and holds {names}; "
        "give each model a folder of its own."
    )


def check_versions(gpt: GPT, version: Version) -> None:
    """Check that a GPT and a SoVITS of a version belong together.

    Raises:
        CheckpointError: they do not.
    """
    # A GPT does not name its version; v1's have fewer phonemes than all later ones.
    later = len(SymbolTable.of("v2"))
    if (gpt.config.phoneme_vocabulary < later) != (version == "v1"):
        raise CheckpointError(
            f"The SoVITS is {version} and the GPT, with {gpt.config.phoneme_vocabulary} phonemes, "
            "is not; put the two that were trained together into the folder."
        )
