"""The networks of one model, loaded together because their weights only fit each other."""

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import torch
from torch import Tensor

from mynah.acoustic.sovits import SoVITS
from mynah.checkpoints.content import load_content
from mynah.checkpoints.gpt import load_gpt
from mynah.checkpoints.sovits import load_sovits
from mynah.errors import CheckpointError
from mynah.semantic.gpt import GPT
from mynah.semantic.text_features import NoTextFeatures, RobertaTextFeatures, TextFeatures
from mynah.text.symbols import SymbolTable
from mynah.voice.content import ContentEncoder
from mynah.voice.hubert import HubertContent
from mynah.voice.prompt import ContentFeatures

CONTENT = "content.pth"
HUBERT = "chinese-hubert-base"
BERT = "chinese-roberta-wwm-ext-large"


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Everything that turns a voice and a text into sound.

    Attributes:
        gpt: the semantic stage's network.
        sovits: the acoustic stage's network, fused for inference.
        content: the content encoder that prompts are read with; without one a voice
            gives its timbre only, and speech is begun without a prompt.
        text_features: what the GPT is told of a text's meaning.
    """

    gpt: GPT
    sovits: SoVITS
    content: ContentFeatures | None
    text_features: TextFeatures

    @property
    def symbols(self) -> SymbolTable:
        """The phoneme ids that the weights were trained with."""
        return SymbolTable.of("v1" if self.sovits.config.version == "v1" else "v2")


def load_models(folder: str | Path | None = None) -> Models:
    """The model in a folder; the starter, which comes with Mynah, if none is given.

    A folder holds one GPT (`.ckpt`) and one SoVITS (`.pth`), whatever their names, and
    the content encoder that they were trained with: the folder `chinese-hubert-base` for
    GPT-SoVITS, the file `content.pth` for a small model; without one only the timbre of a
    voice is heard. If the folder `chinese-roberta-wwm-ext-large` is there too, it gives
    the text features; GPT-SoVITS speaks Mandarin flatly without.

    Raises:
        CheckpointError: a part is missing, cannot be read, does not fit the others, or is
            of a version that cannot run yet.
    """
    if folder is not None:
        return _load(Path(folder))
    with as_file(files("mynah") / "starter") as starter:
        if not starter.is_dir():
            raise CheckpointError(
                "This version of Mynah comes without the starter's weights; give the folder of "
                "a model (--model), or train the starter with recipes/starter."
            )
        return _load(starter)


def _load(folder: Path) -> Models:
    if not folder.is_dir():
        raise CheckpointError(f"There is no folder {folder}; give one that holds a model's files.")
    gpt, sovits = load_gpt(_only(folder, ".ckpt")), load_sovits(_only(folder, ".pth"))
    _check_versions(gpt, sovits)
    sovits.fuse()
    return Models(gpt, sovits, _content(folder), _text_features(folder))


def _only(folder: Path, suffix: str) -> Path:
    found = sorted(path for path in folder.glob(f"*{suffix}") if path.name != CONTENT)
    if len(found) == 1:
        return found[0]
    network = {".ckpt": "the GPT", ".pth": "the SoVITS"}[suffix]
    names = ", ".join(path.name for path in found) or "none"
    raise CheckpointError(
        f"{folder} must hold exactly one {suffix} file, {network} of the model, and holds {names}; "
        "give each model a folder of its own."
    )


def _check_versions(gpt: GPT, sovits: SoVITS) -> None:
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


def _content(folder: Path) -> ContentFeatures | None:
    if (folder / CONTENT).is_file():
        return _Encoded(load_content(folder / CONTENT))
    return HubertContent(folder / HUBERT) if (folder / HUBERT).is_dir() else None


def _text_features(folder: Path) -> TextFeatures:
    return RobertaTextFeatures(folder / BERT) if (folder / BERT).is_dir() else NoTextFeatures()


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """A content encoder without gradients."""

    encoder: ContentEncoder

    @torch.inference_mode()
    def __call__(self, samples: Tensor) -> Tensor:
        features: Tensor = self.encoder(samples)
        return features
