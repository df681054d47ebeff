"""Names of the parts of a model's folder, and checks that they fit together."""

from pathlib import Path

from mynah.acoustic.sovits.model import SoVITS
from mynah.errors import CheckpointError
from mynah.semantic.gpt import GPT
from mynah.text.symbols import SymbolTable

CONTENT = "content.pth"

SPEAKER_ENCODER = "pretrained_eres2netv2w24s4ep4.ckpt"
"""The speaker encoder of v2Pro and v2ProPlus, as GPT-SoVITS releases it."""

_SPEAKER_FOLDER = "sv"  # which the release has it in


def candidates(folder: Path, suffix: str) -> list[Path]:
    """The files that may be the network with a suffix."""
    others = (CONTENT, SPEAKER_ENCODER)
    return sorted(path for path in folder.glob(f"*{suffix}") if path.name not in others)


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


def check_versions(gpt: GPT, sovits: SoVITS) -> None:
    """Check that two networks belong together.

    Raises:
        CheckpointError: they do not.
    """
    version = sovits.config.version
    # A GPT does not name its version; v1's have fewer phonemes than all later ones.
    later = len(SymbolTable.of("v2"))
    if (gpt.config.phoneme_vocabulary < later) != (version == "v1"):
        raise CheckpointError(
            f"The SoVITS is {version} and the GPT, with {gpt.config.phoneme_vocabulary} phonemes, "
            "is not; put the two that were trained together into the folder."
        )
