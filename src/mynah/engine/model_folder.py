"""What the folder of a model holds: which files are its networks, and what comes with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import torch
from torch import Tensor

from mynah.checkpoints.content import load_content
from mynah.checkpoints.folder import CONTENT
from mynah.encoders.ctc_aligner import CTCAligner
from mynah.encoders.hubert import HUBERT, HubertEncoder
from mynah.encoders.roberta import ROBERTA, NoTextFeatures, RobertaTextFeatures, TextFeatures
from mynah.errors import CheckpointError
from mynah.voice.sounds import Sounds
from mynah.voice.tokens import ContentEncoder


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


def missing_parts(folder: Path) -> tuple[MissingPart, ...]:
    """The parts that a model in the layout of GPT-SoVITS lacks.

    A model with a content encoder of its own kind was trained without a BERT, and lacks nothing.
    """
    if (folder / CONTENT).is_file():
        return ()
    parts = (_NO_CONTENT, _NO_TEXT_FEATURES)
    return tuple(part for part in parts if not (folder / part.name).is_dir())


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
