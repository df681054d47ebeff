"""Synthesis from tokens to waveform for short segments of whole sentences.

The tokens of a recording are aligned with it in time, so that the synthesised segment can be
compared with the recording itself: no posterior encoder is needed, which voices lack.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from mynah.acoustic.masks import length_mask
from mynah.acoustic.sovits.config import FRAMES_PER_TOKEN, SoVITSConfig
from mynah.acoustic.sovits.model import NOISE_SCALE, SoVITS
from mynah.acoustic.sovits.streaming import FLOW_FRAMES, VOCODER_FRAMES
from mynah.audio.spectrogram import HOP, linear_spectrogram
from mynah.checkpoints.weights import skip_init
from mynah.engine.extension import ModelExtension
from mynah.training.prepare.slices import Slice
from mynah.voice.tokens import WORDLESS

MARGIN = FLOW_FRAMES + VOCODER_FRAMES
"""Frames of context around a segment."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingClip:
    """A slice as the acoustic model's tensors.

    Attributes:
        codes: (tokens,).
        phones: (phones,) ids, at least one.
        wave: (640 * frames,) samples.
        spectrogram: (1025, frames).
        speaker_vector: (20480,), if the model takes speaker vectors.
    """

    codes: Tensor
    phones: Tensor
    wave: Tensor
    spectrogram: Tensor
    speaker_vector: Tensor | None = None

    @classmethod
    def of(cls, each: Slice) -> Self:
        """Convert a slice."""
        wave = torch.from_numpy(each.samples)
        return cls(
            torch.tensor(each.codes),
            torch.tensor(each.phones or [WORDLESS]),
            wave,
            linear_spectrogram(wave[None])[0],
            None if each.speaker_vector is None else torch.from_numpy(each.speaker_vector),
        )

    @property
    def frames(self) -> int:
        """The number of 20 ms frames."""
        return self.spectrogram.shape[1]


@dataclass(frozen=True, slots=True)
class TrainingSegment:
    """A segment of a clip to synthesise, and the reference of its timbre.

    Attributes:
        clip: whose segment it is.
        start: its first frame.
        reference: spectrogram (1025, frames).
        speaker_vector: of the reference, if the model takes speaker vectors.
    """

    clip: TrainingClip
    start: int
    reference: Tensor
    speaker_vector: Tensor | None = None

    def wave(self, frames: int) -> Tensor:
        """The recorded waveform, (640 * frames,)."""
        return self.clip.wave[self.start * HOP : (self.start + frames) * HOP]


class SegmentSynthesis(SoVITS):
    """SoVITS that synthesises segments of sentences."""

    extension: ModelExtension | None = None

    @classmethod
    def of(
        cls,
        config: SoVITSConfig,
        state: Mapping[str, Tensor],
        extension: ModelExtension | None = None,
    ) -> Self:
        """Build one from a `state_dict()` that is not fused, with the model's extension."""
        with skip_init():
            made = cls(config)
        made.load_state_dict(state, assign=True)
        made.extension = extension
        return made

    def forward(self, segments: Sequence[TrainingSegment], frames: int) -> Tensor:
        """Waveforms (segments, 640 * frames) of segments of `frames` frames each."""
        device = self.enc_p.proj.weight.device
        clips = [segment.clip for segment in segments]
        codes, lengths = _padded([clip.codes for clip in clips], device)
        phones, phone_lengths = _padded([clip.phones for clip in clips], device)
        references, reference_lengths = _padded(
            [segment.reference.T for segment in segments], device
        )
        references, reference_mask = references.transpose(1, 2), length_mask(reference_lengths)
        ge = self.reference(references, _vectors(segments, device), reference_mask)
        prior = self.prior(codes, phones, ge, lengths=lengths, phone_lengths=phone_lengths)
        # Synthesis has this noise, and it is not for the training to make it smaller.
        noise = torch.randn_like(prior.mean) * prior.log_scale.detach().exp() * NOISE_SCALE
        starts = torch.tensor([segment.start for segment in segments], device=device)
        latents, mask = _around(prior.mean + noise, lengths * FRAMES_PER_TOKEN, starts, frames)
        z = self.render(latents, mask, ge)
        if self.extension:
            states = self.extension.batch_states(references, reference_mask)
            z = self.extension.postfilter(z, mask, states)
        near = slice(FLOW_FRAMES, -FLOW_FRAMES)
        wave = self.dec(z[:, :, near], ge, mask[:, :, near]).squeeze(1)
        return wave[:, VOCODER_FRAMES * HOP : -VOCODER_FRAMES * HOP].float()


def _vectors(segments: Sequence[TrainingSegment], device: torch.device) -> Tensor | None:
    """Speaker vectors (segments, 20480) of the references, if there are any."""
    vectors = [each.speaker_vector for each in segments if each.speaker_vector is not None]
    return torch.stack(vectors).to(device) if vectors else None


def _padded(rows: Sequence[Tensor], device: torch.device) -> tuple[Tensor, Tensor]:
    """Rows padded to one length, and their lengths."""
    lengths = torch.tensor([len(row) for row in rows], device=device)
    return pad_sequence(list(rows), batch_first=True).to(device), lengths


def _around(latents: Tensor, lengths: Tensor, starts: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    """Latents of segments with their margins, and a mask that is false outside of the clips."""
    places = starts[:, None] - MARGIN + torch.arange(frames + 2 * MARGIN, device=latents.device)
    inside = ((places >= 0) & (places < lengths[:, None])).unsqueeze(1)
    padded = F.pad(latents, (MARGIN, MARGIN + frames))
    taken = padded.gather(2, (places + MARGIN).unsqueeze(1).expand(-1, latents.shape[1], -1))
    return taken * inside, inside
