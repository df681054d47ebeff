"""What the folder of a model holds: which files are its networks, and what comes with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import torch
from torch import Tensor

from mynah.acoustic.sovits.model import SoVITS
from mynah.checkpoints.content import load_content
from mynah.encoders.ctc_aligner import CTCAligner
from mynah.encoders.hubert import HUBERT, HubertEncoder
from mynah.encoders.roberta import ROBERTA, NoTextFeatures, RobertaTextFeatures, TextFeatures
from mynah.errors import CheckpointError
from mynah.semantic.gpt import GPT
from mynah.text.symbols import SymbolTable
from mynah.voice.sounds import Sounds
from mynah.voice.tokens import ContentEncoder

CONTENT = "content.pth"


@dataclass(frozen=True, slots=True)
class MissingPart:
    """A part that a model speaks better with.

    Attributes:
        part: its part in the model.
        name: of its folder.
        effect: how speech is without it.
    """

    part: str
    name: str
    effect: str

    def __str__(self) -> str:
        return f"no {self.part} ({self.name} is missing): {self.effect}"


_NO_CONTENT = MissingPart(
    "content encoder", HUBERT.name, "voices give their timbre only, not their way of speaking"
)
_NO_TEXT_FEATURES = MissingPart("text features", ROBERTA.name, "Mandarin sounds flat")


@contextmanager
def opened(folder: Path | None) -> Iterator[Path]:
    """The folder of a model for as long as it is entered; the starter's without one.

    Raises:
        CheckpointError: it is not there.
    """
    if folder is not None:
        if not folder.is_dir():
            raise CheckpointError(
                f"There is no folder {folder}; give one that holds a model's files."
            )
        yield folder
        return
    with as_file(files("mynah") / "starter") as starter:
        if not starter.is_dir():
            raise CheckpointError(
                "This version of Mynah comes without the starter's weights; give the folder of "
                "a model (--model), or train the starter with recipes/starter."
            )
        yield starter


def candidates(folder: Path, suffix: str) -> list[Path]:
    """The files that may be the network with a suffix."""
    return sorted(path for path in folder.glob(f"*{suffix}") if path.name != CONTENT)


def only(folder: Path, suffix: str) -> Path:
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


def missing_parts(folder: Path) -> tuple[MissingPart, ...]:
    """The parts that a model in the layout of GPT-SoVITS lacks.

    A model with a content encoder of its own kind was trained without a BERT, and lacks nothing.
    """
    if (folder / CONTENT).is_file():
        return ()
    parts = (_NO_CONTENT, _NO_TEXT_FEATURES)
    return tuple(part for part in parts if not (folder / part.name).is_dir())


def check_versions(gpt: GPT, sovits: SoVITS) -> None:
    """Checks that two networks were trained together, and can speak.

    Raises:
        CheckpointError: they were not, or cannot yet.
    """
    version = sovits.config.version
    if sovits.config.takes_speaker_vector:
        raise CheckpointError(
            f"The SoVITS is {version}, whose speaker encoder is not supported yet; "
            "use a v1 or v2 checkpoint."
        )
    # A GPT does not name its version; v1's have fewer phonemes than all later ones.
    later = len(SymbolTable.of("v2"))
    if (gpt.config.phoneme_vocabulary < later) != (version == "v1"):
        raise CheckpointError(
            f"The SoVITS is {version} and the GPT, with {gpt.config.phoneme_vocabulary} phonemes, "
            "is not; put the two that were trained together into the folder."
        )


def content_of(folder: Path) -> ContentEncoder | None:
    """The content encoder, if there is one."""
    if (folder / CONTENT).is_file():
        return _Encoded(load_content(folder / CONTENT))
    released = folder / HUBERT.name
    return HubertEncoder(released) if released.is_dir() else None


def text_features_of(folder: Path) -> TextFeatures:
    """What tells the GPT of a text's meaning."""
    released = folder / ROBERTA.name
    return RobertaTextFeatures(released) if released.is_dir() else NoTextFeatures()


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """A content encoder without gradients."""

    encoder: CTCAligner

    @property
    def sounds(self) -> Sounds | None:
        """See `ContentEncoder`."""
        return self.encoder.sounds

    @property
    def prompts(self) -> bool:
        """See `ContentEncoder`."""
        return self.encoder.config.prompts

    @torch.inference_mode()
    def __call__(self, samples: Tensor) -> Tensor:
        features: Tensor = self.encoder(samples)
        return features
