"""Fine-tuning of the acoustic model: from a voice's tokens and phonemes to its waveform.

Upstream: `s2_train.py`. As there, the quantizer is frozen, the text side learns more slowly, and
discriminators join; unlike there, audio is made from tokens alone, as in synthesis, and only
adapters learn by default, because a minute of speech determines little about millions of weights.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mynah.audio.spectrogram import SAMPLE_RATE
from mynah.checkpoints.adapter import Change
from mynah.training.adapters import FULL, AdaptedNetwork
from mynah.training.discriminators import DiscriminatorTrainer
from mynah.training.loop import Stateful
from mynah.training.losses import MelDistance
from mynah.training.optimizer import AdapterOptimizer
from mynah.training.synthesis import SegmentSynthesis, TrainingClip, TrainingSegment

MEL_WEIGHT = 15.0
TEXT_SHARE = 0.4
"""Share of the learning rate for the text side."""

_BETAS = (0.8, 0.99)
_FROZEN = ("quantizer.", "ssl_proj.")
_TEXT_SIDE = ("enc_p.text_embedding.", "enc_p.encoder_text.", "enc_p.mrte.")
_ADAPTED = ("enc_p.", "flow.", "ref_enc.", "dec.conv_pre.", "dec.cond.")
_SHIFTED = "ref_enc.fc.fc.bias"
_REFERENCE_FRAMES = 200
_HELD_OUT_SEGMENTS = 12


@dataclass(frozen=True, slots=True)
class AcousticPlan:
    """Hyperparameters of a step of the acoustic model.

    Attributes:
        rate: learning rate of the adapters.
        segments: batch size.
        frames: of 20 ms in each segment.
        adversarial_from: step from which discriminators are used; None for never.
        seed: of the discriminators.
    """

    rate: float = 3e-3
    segments: int = 6
    frames: int = 32
    adversarial_from: int | None = 120
    seed: int = 0


def adapted_parameters(network: SegmentSynthesis, rank: int) -> dict[str, int]:
    """Names of the parameters that learn, with the ranks of their changes.

    Adapters go to the matrices before the vocoder. The last bias of the reference encoder learns
    as a whole: it shifts the timbre.

    Args:
        network: to be adapted.
        rank: of the adapters; `FULL` selects everything but what makes tokens.
    """
    names = [name for name, _ in network.named_parameters() if not name.startswith(_FROZEN)]
    if rank == FULL:
        return dict.fromkeys(names, FULL)
    matrices = [name for name in names if name.startswith(_ADAPTED) and _is_matrix(name)]
    return dict.fromkeys(matrices, rank) | {_SHIFTED: FULL}


class AcousticTask:
    """Training task of the acoustic model; see `TrainingTask`."""

    def __init__(
        self,
        network: SegmentSynthesis,
        changes: Mapping[str, Change],
        clips: Sequence[TrainingClip],
        held_out: Sequence[TrainingClip],
        plan: AcousticPlan,
        device: torch.device,
    ) -> None:
        self.learner = AdaptedNetwork(network, changes, device)
        self._plan = plan
        self._clips = clips
        self._held_out = _spread(held_out, clips, plan.frames)
        self._distance = MelDistance(SAMPLE_RATE).to(device)
        self._optimizer = AdapterOptimizer(_with_shares(self.learner), plan.rate, _BETAS)
        self._discriminators = (
            None if plan.adversarial_from is None else DiscriminatorTrainer(plan.seed, device)
        )

    @property
    def remembered(self) -> list[Stateful]:
        return [self._optimizer, *filter(None, [self._discriminators])]

    def step(self, number: int, scale: float) -> dict[str, float]:
        self.learner.network.train()
        made, real = self._waveforms([self._sample() for _ in range(self._plan.segments)])
        mel = self._distance(made, real)
        loss, losses = MEL_WEIGHT * mel, {"mel": mel.item()}
        if self._discriminators and number >= (self._plan.adversarial_from or 0):
            losses["critics"] = self._discriminators.learn(real, made, scale)
            adversarial, features = self._discriminators.losses(real, made)
            losses |= {"adversarial": adversarial.item(), "features": features.item()}
            loss = loss + adversarial + features
        self._optimizer.step(loss, scale)
        return losses

    def held_out_loss(self) -> float:
        self.learner.network.eval()
        size = self._plan.segments
        groups = [self._held_out[n : n + size] for n in range(0, len(self._held_out), size)]
        distances = [
            self._distance(*self._waveforms(group)).item() * len(group) for group in groups
        ]
        return sum(distances) / len(self._held_out)

    def _waveforms(self, segments: Sequence[TrainingSegment]) -> tuple[Tensor, Tensor]:
        """Generated and real waveforms, (segments, samples) each."""
        frames = self._plan.frames
        real = torch.stack([segment.wave(frames) for segment in segments])
        return self.learner(segments, frames), real.to(self.learner.device)

    def _sample(self) -> TrainingSegment:
        clip, other = (self._clips[_below(len(self._clips))] for _ in range(2))
        start = _below(clip.frames - self._plan.frames + 1)
        return _segment(clip, start, other, _below(max(1, other.frames - _REFERENCE_FRAMES)))


def _with_shares(learner: AdaptedNetwork) -> Iterator[tuple[Tensor, float]]:
    for name, share in learner.shares.items():
        slower = TEXT_SHARE if name.startswith(_TEXT_SIDE) else 1.0
        yield learner.tensors[name], share * slower


def _is_matrix(name: str) -> bool:
    """True for the weight of a linear layer or a convolution."""
    return name.endswith((".weight", ".weight_v")) and not name.startswith("enc_p.text_embedding.")


def _spread(
    held_out: Sequence[TrainingClip], clips: Sequence[TrainingClip], frames: int
) -> list[TrainingSegment]:
    """Segments spread over the held-out clips, with timbres of the training clips."""
    places = [
        (clip, start) for clip in held_out for start in range(0, clip.frames - frames, frames)
    ]
    chosen = places[:: -(-len(places) // _HELD_OUT_SEGMENTS)]
    return [
        _segment(clip, start, clips[number % len(clips)], 0)
        for number, (clip, start) in enumerate(chosen)
    ]


def _segment(clip: TrainingClip, start: int, other: TrainingClip, at: int) -> TrainingSegment:
    """The segment of a clip from a frame on, with the timbre of another one from a frame on."""
    reference = other.spectrogram[:, at : at + _REFERENCE_FRAMES]
    return TrainingSegment(clip, start, reference, other.speaker_vector)


def _below(bound: int) -> int:
    return int(torch.randint(bound, ()))
