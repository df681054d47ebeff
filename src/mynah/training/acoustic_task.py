"""Fine-tuning of the acoustic model: from a voice's tokens and phonemes to its sound.

Upstream: `s2_train.py`. As there, the quantizer is frozen, the text side learns more slowly, and
critics join; unlike there, sound is made from tokens alone, as in synthesis, and only adapters
learn by default, because a minute of speech says little about millions of weights.
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
"""Share of the rate at which the text side learns."""

_BETAS = (0.8, 0.99)
_FROZEN = ("quantizer.", "ssl_proj.")
_TEXT_SIDE = ("enc_p.text_embedding.", "enc_p.encoder_text.", "enc_p.mrte.")
_ADAPTED = ("enc_p.", "flow.", "ref_enc.", "dec.conv_pre.", "dec.cond.")
_SHIFTED = "ref_enc.fc.fc.bias"
_REFERENCE_FRAMES = 200
_HELD_OUT_STRETCHES = 12


@dataclass(frozen=True, slots=True)
class AcousticPlan:
    """What a step of the acoustic model learns from.

    Attributes:
        rate: of the adapters.
        stretches: heard in a step.
        frames: of 20 ms in each of them.
        critics_from: step from which critics listen; None leaves them out.
        seed: of the critics.
    """

    rate: float = 3e-3
    stretches: int = 6
    frames: int = 32
    critics_from: int | None = 120
    seed: int = 0


def adapted_parameters(network: SegmentSynthesis, rank: int) -> dict[str, int]:
    """Parameters that learn, and the ranks of their changes.

    Adapters go to the matrices before the vocoder. The last bias of the reference encoder learns
    as a whole: it shifts the timbre.

    Args:
        network: whose.
        rank: of the adapters; `FULL` has everything learn but what makes tokens.
    """
    names = [name for name, _ in network.named_parameters() if not name.startswith(_FROZEN)]
    if rank == FULL:
        return dict.fromkeys(names, FULL)
    matrices = [name for name in names if name.startswith(_ADAPTED) and _is_matrix(name)]
    return dict.fromkeys(matrices, rank) | {_SHIFTED: FULL}


class AcousticTask:
    """What the acoustic model learns from; see `TrainingTask`.

    Args:
        network: the base model.
        changes: that it goes on from.
        clips: of the voice, to learn from.
        held_out: of the voice, to be measured on.
        plan: of a step.
        device: where it learns.
    """

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
        self._tuner = AdapterOptimizer(_with_shares(self.learner), plan.rate, _BETAS)
        self._critics = (
            None if plan.critics_from is None else DiscriminatorTrainer(plan.seed, device)
        )

    @property
    def remembered(self) -> list[Stateful]:
        """See `TrainingTask`."""
        return [self._tuner, *filter(None, [self._critics])]

    def step(self, number: int, pace: float) -> dict[str, float]:
        """See `TrainingTask`."""
        self.learner.network.train()
        made, real = self._sounds([self._draw() for _ in range(self._plan.stretches)])
        mel = self._distance(made, real)
        loss, losses = MEL_WEIGHT * mel, {"mel": mel.item()}
        if self._critics and number >= (self._plan.critics_from or 0):
            losses["critics"] = self._critics.learn(real, made, pace)
            adversarial, features = self._critics.opinion(real, made)
            losses |= {"adversarial": adversarial.item(), "features": features.item()}
            loss = loss + adversarial + features
        self._tuner.step(loss, pace)
        return losses

    def held_out_loss(self) -> float:
        """See `TrainingTask`."""
        self.learner.network.eval()
        size = self._plan.stretches
        groups = [self._held_out[n : n + size] for n in range(0, len(self._held_out), size)]
        distances = [self._distance(*self._sounds(group)).item() * len(group) for group in groups]
        return sum(distances) / len(self._held_out)

    def _sounds(self, stretches: Sequence[TrainingSegment]) -> tuple[Tensor, Tensor]:
        """Waveforms as the model makes them, and as they are: (stretches, samples) each."""
        frames = self._plan.frames
        real = torch.stack([stretch.wave(frames) for stretch in stretches])
        return self.learner(stretches, frames), real.to(self.learner.device)

    def _draw(self) -> TrainingSegment:
        clip, other = (self._clips[_below(len(self._clips))] for _ in range(2))
        start = _below(clip.frames - self._plan.frames + 1)
        return TrainingSegment(
            clip, start, _part(other, _below(max(1, other.frames - _REFERENCE_FRAMES)))
        )


def _with_shares(learner: AdaptedNetwork) -> Iterator[tuple[Tensor, float]]:
    for name, share in learner.shares.items():
        slower = TEXT_SHARE if name.startswith(_TEXT_SIDE) else 1.0
        yield learner.tensors[name], share * slower


def _is_matrix(name: str) -> bool:
    """Whether it is the weight of a linear layer or a convolution."""
    return name.endswith((".weight", ".weight_v")) and not name.startswith("enc_p.text_embedding.")


def _spread(
    held_out: Sequence[TrainingClip], clips: Sequence[TrainingClip], frames: int
) -> list[TrainingSegment]:
    """Stretches all over what is held out, with timbres of what is not."""
    places = [
        (clip, start) for clip in held_out for start in range(0, clip.frames - frames, frames)
    ]
    chosen = places[:: -(-len(places) // _HELD_OUT_STRETCHES)]
    return [
        TrainingSegment(clip, start, _part(clips[number % len(clips)], 0))
        for number, (clip, start) in enumerate(chosen)
    ]


def _part(clip: TrainingClip, start: int) -> Tensor:
    return clip.spectrogram[:, start : start + _REFERENCE_FRAMES]


def _below(bound: int) -> int:
    return int(torch.randint(bound, ()))
