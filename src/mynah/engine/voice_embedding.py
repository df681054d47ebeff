"""Speaker embeddings of voices."""

import torch

from mynah.checkpoints.folder import SPEAKER_ENCODER
from mynah.encoders.speaker_embedding import SpeakerEmbedding
from mynah.engine.request import VoiceEmbedding
from mynah.errors import UnsupportedError
from mynah.voice.prompt import LONGEST_REFERENCE_SECONDS
from mynah.voice.voice import Voice


def embed_voice(speaker: SpeakerEmbedding | None, voice: Voice) -> VoiceEmbedding:
    """The mean of the speaker embeddings of a voice's recordings.

    Raises:
        UnsupportedError: there is no speaker encoder.
    """
    if speaker is None:
        raise UnsupportedError(
            f"This model has no speaker encoder; put {SPEAKER_ENCODER}, from the folder sv of "
            "GPT-SoVITS's pretrained models, into its folder."
        )
    heard = (each.between(0.0, LONGEST_REFERENCE_SECONDS) for each in voice.recordings)
    mean = torch.stack([speaker(each) for each in heard]).mean(dim=0)
    return VoiceEmbedding(speaker.name, mean.numpy())
