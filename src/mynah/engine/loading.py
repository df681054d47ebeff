"""Loading of a model's folder: its networks, their fastest backends, and its encoders."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from mynah.acoustic.backends.select import select_cpu
from mynah.acoustic.backends.select import select_cuda as select_sovits_cuda
from mynah.checkpoints.base_weights import VersionBuilder
from mynah.checkpoints.detect import is_flow_matching
from mynah.checkpoints.file import Checkpoint, read_checkpoint
from mynah.checkpoints.folder import CONTENT, check_versions, only_file
from mynah.checkpoints.gpt import load_gpt
from mynah.checkpoints.sovits import sovits_from
from mynah.encoders.ctc_aligner import Head, PhonemeScores
from mynah.encoders.hubert import HUBERT, HubertEncoder
from mynah.encoders.roberta import ROBERTA, NoTextFeatures, RobertaTextFeatures, TextFeatures
from mynah.engine.flow_loading import load_flow_models
from mynah.engine.flow_models import FlowModels
from mynah.engine.folder import missing_parts, model_folder
from mynah.engine.models import Models
from mynah.engine.speaker_encoder import load_speaker_embedding, missing_speaker_encoder
from mynah.errors import CheckpointError
from mynah.runtime.device import Device, Precision, resolve_device
from mynah.runtime.threads import run_in_temporary_thread, use_available_cores
from mynah.runtime.wait_policy import sleeping_teams
from mynah.semantic.backends.select import select_cpu as select_gpt_cpu
from mynah.semantic.backends.select import select_cuda as select_gpt_cuda
from mynah.semantic.gpt import GPT
from mynah.starter.checkpoint import load_content, postfilter_of, postfilter_weights
from mynah.starter.extension import load_extension
from mynah.starter.packaged import has_weights, packaged_model

_log = logging.getLogger(__name__)


def load_models(
    folder: str | Path | None = None, precision: Precision = "auto", device: Device = "auto"
) -> Models | FlowModels:
    """The model in a folder; the starter, which comes with Mynah, if none is given.

    A folder holds one GPT (`.ckpt`) and one SoVITS (`.pth`), whatever their names, and
    the content encoder that they were trained with: the folder `chinese-hubert-base` for
    GPT-SoVITS, the file `content.pth` for a small model; without one only the timbre of a
    voice is heard. If the folder `chinese-roberta-wwm-ext-large` is there too, it gives
    the text features; GPT-SoVITS speaks Mandarin flatly without. A warning is logged for each of
    the two that a model of GPT-SoVITS lacks. v2Pro and v2ProPlus need their speaker encoder, the
    file `sv/pretrained_eres2netv2w24s4ep4.ckpt`; v3 and v4 need the content encoder and their
    vocoder, LoRA files their base model, all under their released names.

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


def load_sovits_models(
    folder: str | Path | None = None, precision: Precision = "auto", device: Device = "auto"
) -> Models:
    """The model in a folder, of a version whose voices can be trained; see `load_models`.

    Raises:
        CheckpointError: it is a v3 or v4.
    """
    models = load_models(folder, precision, device)
    if isinstance(models, FlowModels):
        raise CheckpointError(
            f"The SoVITS is {models.network.config.version}, whose voices cannot be trained yet; "
            "use a v1, v2, v2Pro or v2ProPlus model."
        )
    return models


def _load(folder: Path, precision: Precision, device: torch.device) -> Models | FlowModels:
    semantic, file = only_file(folder, ".ckpt"), only_file(folder, ".pth")
    gpt, acoustic = load_gpt(semantic), read_checkpoint(file)
    if is_flow_matching(acoustic):
        return _load_flow(folder, gpt, acoustic, precision, device)
    sovits = sovits_from(acoustic)
    check_versions(gpt, sovits.config.version)
    speaker = load_speaker_embedding(folder)
    if sovits.config.takes_speaker_vector and speaker is None:
        raise missing_speaker_encoder(folder, sovits.config.version)
    sovits.fuse()
    extension = load_extension(folder, acoustic)
    origin = VersionBuilder.of(gpt, sovits, file, extension.weights() if extension else {})
    models = Models(
        gpt,
        sovits,
        (extension and extension.content) or _hubert(folder),
        _text_features(folder),
        origin,
        extension=extension,
        aligner=(extension and extension.aligner) or packaged_aligner(),
        speaker=speaker,
        warnings=_warnings(folder),
    )
    return select_backends(models, precision, device)


def _load_flow(
    folder: Path, gpt: GPT, acoustic: Checkpoint, precision: Precision, device: torch.device
) -> FlowModels:
    own = folder / CONTENT
    content = load_content(own).encoder if own.is_file() else _hubert(folder)
    models = load_flow_models(folder, gpt, acoustic, content, _text_features(folder), device)
    graphs = select_gpt_cuda(gpt, device, precision) if device.type == "cuda" else None
    packed = select_gpt_cpu(gpt) if precision == "auto" and not graphs else None
    return replace(
        models,
        aligner=packaged_aligner(),
        packed=packed,
        gpt_graphs=graphs,
        warnings=_warnings(folder),
    )


def _warnings(folder: Path) -> tuple[str, ...]:
    """Log the parts that a model speaks better with, and return a line of each."""
    missing = missing_parts(folder)
    for part in missing:
        _log.warning(str(part), extra={"missing": part.name})
    return tuple(map(str, missing))


def select_backends(models: Models, precision: Precision, device: torch.device) -> Models:
    """Models as they are fastest on this machine: on the GPU, or else on the CPU.

    Args:
        models: in fp32 on the CPU.
        precision: see `Precision`.
        device: where they are to compute.
    """
    gpt, sovits, on_gpu = models.gpt, models.sovits, device.type == "cuda"
    constrained = models.extension is not None and models.extension.constrains_tokens
    gpt_graphs = select_gpt_cuda(gpt, device, precision) if on_gpu and not constrained else None
    sovits_graphs = select_sovits_cuda(sovits, device, precision) if on_gpu else None
    rounded = precision == "auto"
    return replace(
        models,
        packed=select_gpt_cpu(gpt) if rounded and not gpt_graphs else None,
        vocoder=select_cpu(sovits.dec) if rounded and not sovits_graphs else None,
        gpt_graphs=gpt_graphs,
        sovits_graphs=sovits_graphs,
    )


def _hubert(folder: Path) -> HubertEncoder | None:
    released = folder / HUBERT.name
    return HubertEncoder(released) if released.is_dir() else None


def _text_features(folder: Path) -> TextFeatures:
    released = folder / ROBERTA.name
    return RobertaTextFeatures(released) if released.is_dir() else NoTextFeatures()


def weights_beside_sovits(file: Path) -> Mapping[str, Tensor]:
    """The weights that a SoVITS file has beside the network's; see `ModelExtension.weights`.

    Raises:
        CheckpointError: the file cannot be read.
    """
    return postfilter_weights(postfilter_of(read_checkpoint(file)))


def packaged_aligner() -> PhonemeScores | None:
    """The aligner of the packaged model, for models that have none; None without its weights."""
    return _PackagedAligner() if has_weights() else None


class _PackagedAligner:
    """The packaged aligner, loaded at its first call."""

    @cached_property
    def _scores(self) -> PhonemeScores:
        with packaged_model() as folder:
            return Head(load_content(folder / CONTENT).encoder.aligner)

    def __call__(self, samples: Tensor) -> Tensor:
        """See `PhonemeScores`.

        Raises:
            CheckpointError: the file cannot be read.
        """
        return self._scores(samples)
