"""How much more like its speaker a trained version sounds, as the base model itself hears it."""

from collections.abc import Sequence

import torch
from torch.nn import functional as F

from mynah.acoustic.sovits import SoVITS
from mynah.training.synthesis import Clip
from mynah.voice.spectrogram import linear_spectrogram
from mynah.voice.timbre import Timbre


@torch.inference_mode()
def timbre_similarity(
    sovits: SoVITS, base: SoVITS, prompt: Clip, held_out: Sequence[Clip]
) -> float:
    """Mean cosine of timbre vectors of held-out clips as they are and as they are spoken.

    No judge of speakers is at hand, so the vectors are those that `base` reads; they tell trained
    versions of one model apart, and cannot be compared with those of another model.

    Args:
        sovits: speaks the clips' tokens and phonemes.
        base: reads timbres.
        prompt: gives `sovits` the timbre.
        held_out: clips that it did not learn from.
    """
    timbre = sovits.timbre([prompt.spectrogram[None]])
    return sum(_similarity(sovits, base, timbre, clip) for clip in held_out) / len(held_out)


def _similarity(sovits: SoVITS, base: SoVITS, timbre: Timbre, clip: Clip) -> float:
    noise = torch.Generator().manual_seed(0)
    wave = sovits.decode(clip.codes[None], clip.phones[None], timbre, generator=noise)
    spoken, real = (
        base.timbre([spectrogram]).vector.flatten()
        for spectrogram in (linear_spectrogram(wave), clip.spectrogram[None])
    )
    return F.cosine_similarity(spoken, real, dim=0).item()
