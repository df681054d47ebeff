"""Loading of a model's folder: its networks, their fastest backends, and its encoders."""

import logging
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

import torch
from torch import Tensor

from mynah.acoustic.backends.select import select_cpu
from mynah.acoustic.backends.select import select_cuda as select_sovits_cuda
from mynah.checkpoints.base_weights import VersionBuilder
from mynah.checkpoints.content import load_content
from mynah.checkpoints.folder import CONTENT, check_versions, only_file
from mynah.checkpoints.gpt import load_gpt
from mynah.checkpoints.sovits import load_sovits
from mynah.encoders.ctc_aligner import CTCAligner, Head, PhonemeScores
from mynah.encoders.hubert import HUBERT, HubertEncoder
from mynah.encoders.roberta import ROBERTA, NoTextFeatures, RobertaTextFeatures, TextFeatures
from mynah.engine.folder import missing_parts, model_folder
from mynah.engine.models import Models
from mynah.runtime.device import Device, Precision, resolve_device
from mynah.runtime.threads import run_in_temporary_thread, use_available_cores
from mynah.runtime.wait_policy import sleeping_teams
from mynah.semantic.backends.select import select_cpu as select_gpt_cpu
from mynah.semantic.backends.select import select_cuda as select_gpt_cuda
from mynah.voice.sounds import Sounds
from mynah.voice.tokens import ContentEncoder

_log = logging.getLogger(__name__)


def load_models(
    folder: str | Path | None = None, precision: Precision = "auto", device: Device = "auto"
) -> Models:
    """The model in a folder; the starter, which comes with Mynah, if none is given.

    A folder holds one GPT (`.ckpt`) and one SoVITS (`.pth`), whatever their names, and
    the content encoder that they were trained with: the folder `chinese-hubert-base` for
    GPT-SoVITS, the file `content.pth` for a small model; without one only the timbre of a
    voice is heard. If the folder `chinese-roberta-wwm-ext-large` is there too, it gives
    the text features; GPT-SoVITS speaks Mandarin flatly without. A warning is logged for each of
    the two that a model of GPT-SoVITS lacks.

    Args:
        folder: of the model.
        precision: see `Precision`.
        device: see `Device`.

    Raises:
        OptionError: there is no such device.
        CheckpointError: a part is missing, cannot be read, does not fit the others, or is
            of a version that cannot run yet.
    """
    threads = use_available_cores()
    with model_folder(None if folder is None else Path(folder)) as found, sleeping_teams(threads):
        return run_in_temporary_thread(_load, found, precision, resolve_device(device))


def _load(folder: Path, precision: Precision, device: torch.device) -> Models:
    semantic, acoustic = only_file(folder, ".ckpt"), only_file(folder, ".pth")
    gpt, sovits = load_gpt(semantic), load_sovits(acoustic)
    check_versions(gpt, sovits)
    sovits.fuse()
    origin = VersionBuilder.of(gpt, sovits, acoustic)
    content, text_features = content_of(folder), text_features_of(folder)
    missing = missing_parts(folder)
    for part in missing:
        _log.warning(str(part), extra={"missing": part.name})
    warnings = tuple(map(str, missing))
    models = Models(gpt, sovits, content, text_features, origin, warnings=warnings)
    return select_backends(models, precision, device)


def select_backends(models: Models, precision: Precision, device: torch.device) -> Models:
    """Models as they are fastest on this machine: on the GPU, or else on the CPU.

    Args:
        models: in fp32 on the CPU.
        precision: see `Precision`.
        device: where they are to compute.
    """
    gpt, sovits, on_gpu = models.gpt, models.sovits, device.type == "cuda"
    scripted = bool(models.content and models.content.sounds)
    gpt_graphs = select_gpt_cuda(gpt, device, precision) if on_gpu and not scripted else None
    sovits_graphs = select_sovits_cuda(sovits, device, precision) if on_gpu else None
    rounded = precision == "auto"
    return replace(
        models,
        packed=select_gpt_cpu(gpt) if rounded and not gpt_graphs else None,
        vocoder=select_cpu(sovits.dec) if rounded and not sovits_graphs else None,
        gpt_graphs=gpt_graphs,
        sovits_graphs=sovits_graphs,
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


def load_aligner(content: ContentEncoder) -> PhonemeScores | None:
    """What names phonemes: the model's own encoder, or the starter's if that is a HuBERT.

    Returns:
        None if neither can.

    Raises:
        CheckpointError: the starter's encoder cannot be read.
    """
    encoder = content.encoder
    if encoder is None:
        with as_file(files("mynah") / "starter" / CONTENT) as path:
            encoder = load_content(path) if path.is_file() else None
    return None if encoder is None else Head(encoder)
