"""Loading of a folder with a v3 or v4."""

from pathlib import Path

import torch

from mynah.acoustic.flow_matching.config import FlowMatchingVersion
from mynah.checkpoints.detect import flow_matching_version, is_lora
from mynah.checkpoints.file import Checkpoint, read_checkpoint
from mynah.checkpoints.flow_matching import flow_matching_from, merge_lora
from mynah.checkpoints.folder import base_file, check_versions
from mynah.checkpoints.vocoders import load_vocoder, vocoder_file
from mynah.encoders.hubert import HUBERT
from mynah.encoders.roberta import TextFeatures
from mynah.engine.flow_models import FlowModels
from mynah.engine.speaker_encoder import load_speaker_embedding
from mynah.errors import CheckpointError
from mynah.semantic.gpt import GPT
from mynah.voice.tokens import ContentEncoder


def load_flow_models(
    folder: Path,
    gpt: GPT,
    acoustic: Checkpoint,
    content: ContentEncoder | None,
    text_features: TextFeatures,
    device: torch.device,
) -> FlowModels:
    """Build the model of a folder, with its acoustic network and vocoder on a device.

    Args:
        folder: of the model.
        gpt: its GPT.
        acoustic: its SoVITS file, whole or LoRA.
        content: its content encoder.
        text_features: what the GPT is told of a text's meaning.
        device: where the acoustic network computes.

    Raises:
        CheckpointError: a part is missing or cannot be used; the message says which.
    """
    version = _version(folder, acoustic)
    check_versions(gpt, version)
    if content is None:
        raise CheckpointError(
            f"The SoVITS is {version}, which continues a recording and needs the content encoder; "
            f"put the folder {HUBERT.name}, as GPT-SoVITS releases it, into {folder}."
        )
    vocoder = load_vocoder(folder, version).to(device)
    network = flow_matching_from(_whole(folder, acoustic, version), version).to(device)
    return FlowModels(gpt, network, vocoder, content, text_features, load_speaker_embedding(folder))


def _version(folder: Path, acoustic: Checkpoint) -> FlowMatchingVersion:
    """The version that the file tells, or that the one vocoder beside it belongs to."""
    told = flow_matching_version(acoustic)
    if told is not None:
        return told
    versions: tuple[FlowMatchingVersion, ...] = ("v3", "v4")
    fitting = [each for each in versions if vocoder_file(folder, each)]
    if len(fitting) != 1:
        raise CheckpointError(
            "The SoVITS is v3 or v4, and its file does not tell which; put the vocoder of its "
            f"version, and of no other, into {folder}."
        )
    return fitting[0]


def _whole(folder: Path, acoustic: Checkpoint, version: FlowMatchingVersion) -> Checkpoint:
    """The checkpoint itself, or a LoRA file merged on its base."""
    if not is_lora(acoustic):
        return acoustic
    base = base_file(folder, version)
    if base is None:
        raise CheckpointError(
            f"The SoVITS is a LoRA file of {version}, which cannot speak without its base model; "
            f"put s2G{version}.pth, from GPT-SoVITS's pretrained models, into {folder}."
        )
    return merge_lora(read_checkpoint(base), acoustic)
