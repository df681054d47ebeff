"""Files of the starter: `content.pth`, and the post-filter in `acoustic.pth` beside the SoVITS.

Names in the files are those of their first version, whatever the parts are called here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from mynah.acoustic.sovits.config import CODEBOOK_SIZE
from mynah.acoustic.sovits.model import SoVITS
from mynah.audio.log_mel import BANDS
from mynah.checkpoints.file import Checkpoint, read_checkpoint, write_checkpoint
from mynah.checkpoints.sovits import save_sovits
from mynah.checkpoints.weights import assign_weights, checked_weights
from mynah.encoders.ctc_aligner import AlignerConfig
from mynah.errors import CheckpointError
from mynah.starter.content_encoder import MelContentEncoder
from mynah.starter.mel_postfilter import TAPS, MelPostfilter
from mynah.starter.token_classes import PAUSE, TokenClasses

_ALIGNER, _FEATURES = "aligner.", "features."
_HAS_POSTFILTER = "coloured"
_POSTFILTER = {
    "mean": "colouring.mean",
    "deviation": "colouring.deviation",
    "covariance": "colouring.made",
    "level": "colouring.level",
    "taps": "colouring.taps",
}
"""Names in the file of the parts of a post-filter."""
_SHAPES: Mapping[str, tuple[int, ...]] = {
    "mean": (BANDS,),
    "deviation": (BANDS,),
    "covariance": (BANDS, BANDS),
    "level": (),
    "taps": (TAPS,),
}


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """The contents of `content.pth`.

    Attributes:
        encoder: in float32 on the CPU, in evaluation mode.
        token_classes: of the tokens that its features lead to, where they are known.
        uses_prompts: true if these tokens are exact enough for a GPT to continue from.
    """

    encoder: MelContentEncoder
    token_classes: TokenClasses | None = None
    uses_prompts: bool = True


def load_content(path: Path) -> Content:
    """Read `content.pth`.

    Raises:
        CheckpointError: the file cannot be read, or is no content encoder.
    """
    checkpoint = read_checkpoint(path)
    try:
        sizes = dict(checkpoint.config["content"])
        uses_prompts = bool(sizes.pop("prompts", True))
        config = AlignerConfig(**sizes)
        classes = _token_classes(checkpoint.config.get("sounds"), config.symbols)
        encoder = MelContentEncoder(config)
    except (KeyError, TypeError, ValueError, RuntimeError):
        raise CheckpointError(
            f"{path.name} is not a content encoder: pass the file that came with the model"
        ) from None
    assign_weights(encoder, {_own_name(name): each for name, each in checkpoint.weight.items()})
    return Content(encoder.eval(), classes, uses_prompts)


def save_content(content: Content, path: Path, *, info: str) -> None:
    """Write `content.pth`, float16, whole or not at all.

    Raises:
        CheckpointError: the folder cannot be written to.
    """
    sizes = asdict(content.encoder.aligner.config) | {"prompts": content.uses_prompts}
    config: dict[str, Any] = {"content": sizes}
    if content.token_classes:
        config["sounds"] = asdict(content.token_classes)
    state = content.encoder.state_dict()
    weight: dict[str, Tensor] = {name.removeprefix(_ALIGNER): each for name, each in state.items()}
    write_checkpoint(path, Checkpoint(weight, config, info, version_tag=None))


def postfilter_of(checkpoint: Checkpoint) -> MelPostfilter | None:
    """The post-filter in a SoVITS checkpoint; None if it has none.

    Raises:
        CheckpointError: a weight is missing, or the latents have no room for mels.
    """
    sizes = checkpoint.config["model"]
    if sizes.get(_HAS_POSTFILTER) is not True:
        return None
    if sizes["inter_channels"] < BANDS:
        raise CheckpointError(
            f"latents of {sizes['inter_channels']} channels have no room for the {BANDS} bands of "
            "the post-filter; use a checkpoint whose config is the one it was trained with"
        )
    shapes = {_POSTFILTER[name]: shape for name, shape in _SHAPES.items()}
    weight = checked_weights(checkpoint.weight, shapes)
    return MelPostfilter(**{name: weight[stored] for name, stored in _POSTFILTER.items()})


def postfilter_weights(postfilter: MelPostfilter | None) -> dict[str, Tensor]:
    """The weights of a post-filter by their names in the file; none without one."""
    if postfilter is None:
        return {}
    return {stored: getattr(postfilter, name) for name, stored in _POSTFILTER.items()}


def save_acoustic(sovits: SoVITS, postfilter: MelPostfilter, path: Path, *, info: str) -> None:
    """Write `acoustic.pth`: a SoVITS and its post-filter; see `save_sovits`."""
    config = sovits.config.to_checkpoint()
    config["model"][_HAS_POSTFILTER] = True
    save_sovits(sovits, path, info=info, config=config, extra=postfilter_weights(postfilter))


def _own_name(name: str) -> str:
    return name if name.startswith(_FEATURES) else _ALIGNER + name


def _token_classes(tables: Mapping[str, Any] | None, symbols: int) -> TokenClasses | None:
    if tables is None:
        return None
    of_tokens, of_phones = (tuple(map(int, tables[name])) for name in ("of_tokens", "of_phones"))
    fits = (len(of_tokens), len(of_phones)) == (CODEBOOK_SIZE, symbols)
    if not fits or min(of_tokens) < 0 or not {PAUSE, *of_phones} <= {*of_tokens}:
        raise ValueError("these token classes do not belong to the tokens and phonemes")
    return TokenClasses(of_tokens, of_phones)
