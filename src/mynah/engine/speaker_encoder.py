"""The speaker encoder of a model's folder."""

from pathlib import Path

from mynah.acoustic.version import Version
from mynah.checkpoints.file import read_state
from mynah.checkpoints.folder import SPEAKER_ENCODER, speaker_encoder_file
from mynah.checkpoints.weights import assign_weights, skip_init
from mynah.encoders.eres2net import ERes2NetV2
from mynah.encoders.speaker_embedding import (
    CachedSpeakerEmbedding,
    ERes2NetEmbedding,
    SpeakerEmbedding,
)
from mynah.errors import CheckpointError


def load_speaker_embedding(folder: Path) -> SpeakerEmbedding | None:
    """The speaker encoder in a folder; None if there is none.

    Raises:
        CheckpointError: its file cannot be read, or holds another network.
    """
    file = speaker_encoder_file(folder)
    if file is None:
        return None
    with skip_init():
        network = ERes2NetV2()
    try:
        assign_weights(network, read_state(file))
    except CheckpointError as error:
        raise CheckpointError(f"The speaker encoder cannot be used: {error}") from None
    return CachedSpeakerEmbedding(ERes2NetEmbedding(network.eval()))


def missing_speaker_encoder(folder: Path, version: Version) -> CheckpointError:
    """The error of a model that cannot speak without one."""
    return CheckpointError(
        f"The SoVITS is {version}, which needs the speaker encoder; put {SPEAKER_ENCODER}, from "
        f"the folder sv of GPT-SoVITS's pretrained models, into {folder}/sv."
    )
