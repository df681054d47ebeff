"""Trains the HiFi-GAN decoder on latents of recordings: spectra first, then critics as well."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from mynah.acoustic.hifigan import Generator
from mynah.training.discriminators import (
    Discriminators,
    discriminator_loss,
    feature_loss,
    generator_loss,
)
from mynah.training.spectral import MelDistance
from mynah.voice.spectrogram import linear_spectrogram
from recipes.starter.adapt import Predicted
from recipes.starter.corpus import RATE, Clip, Track
from recipes.starter.latents import Latents
from recipes.starter.sizes import ACOUSTIC
from recipes.starter.state import Progress

FRAME = 640
MARGIN = 2


@dataclass(frozen=True, slots=True)
class DecoderPlan:
    """How long and on what to train.

    Attributes:
        critics_from: step at which the critics join.
        predicted: whether to read latents that the prior predicted instead of real ones.
    """

    steps: int
    critics_from: int
    predicted: bool = False
    batch: int = 8
    frames: int = 32
    rate: float = 4e-4
    minutes: float = float("inf")
    device: str = "cpu"


class Segments:
    """Random stretches of the track: waveforms (B, S), latents (B, 192, T), timbres (B, 512, 1)."""

    def __init__(self, work: Path, plan: DecoderPlan, seed: int) -> None:
        self.tape = Track(work)
        self.real = Latents(work)
        self.predicted = Predicted(work) if plan.predicted else None
        self.plan = plan
        self.rng = np.random.default_rng(seed)
        self.length = (plan.frames + 2 * MARGIN) * FRAME
        self.clips = [
            clip
            for clip in self.tape.clips
            if clip.length > self.length and (self.predicted is None or clip in self.predicted)
        ]

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """One batch."""
        clips = [self.clips[n] for n in self.rng.integers(len(self.clips), size=self.plan.batch)]
        starts = [int(self.rng.integers((c.length - self.length) // FRAME)) for c in clips]
        audio = torch.from_numpy(
            np.stack(
                [
                    self.tape.audio(clip, start * FRAME, self.length)
                    for clip, start in zip(clips, starts, strict=True)
                ]
            )
        )
        z, timbres = self._read(clips, starts, audio)
        return audio[:, MARGIN * FRAME : -MARGIN * FRAME], z, timbres

    def _read(self, clips: list[Clip], starts: list[int], audio: Tensor) -> tuple[Tensor, Tensor]:
        if self.predicted is not None:
            latents = [
                self.predicted.latents(clip, start + MARGIN, self.plan.frames)
                for clip, start in zip(clips, starts, strict=True)
            ]
            return torch.stack(latents), torch.stack([self.predicted.timbre(c) for c in clips])
        z = self.real(linear_spectrogram(audio))[:, :, MARGIN:-MARGIN]
        # The prior will err: the decoder learns to take latents that are a little off.
        z = z + torch.randn_like(z) * torch.rand(len(z), 1, 1) * 0.25
        return z, torch.zeros(len(z), ACOUSTIC.gin_channels, 1)


def train(work: Path, plan: DecoderPlan) -> None:
    """Goes on from `decoder.pt` if it exists; writes it and a sample every 500 steps."""
    torch.manual_seed(0)
    device = torch.device(plan.device)
    decoder, critics = Generator(ACOUSTIC).to(device), Discriminators(4, 8).to(device)
    tune = torch.optim.AdamW(decoder.parameters(), plan.rate, (0.8, 0.99))
    tune_critics = torch.optim.AdamW(critics.parameters(), plan.rate, (0.8, 0.99))
    parts = (decoder, critics, tune, tune_critics)
    progress = Progress(work / "decoder.pt", parts, plan.minutes)
    distance = MelDistance(RATE).to(device)
    segments = Segments(work, plan, progress.step)
    while progress.step < plan.steps and not progress.out_of_time:
        rate = plan.rate * min(1.0, (progress.step + 1) / 200)
        rate *= 0.5 ** (3 * progress.step / plan.steps)
        for group in (*tune.param_groups, *tune_critics.param_groups):
            group["lr"] = rate
        real, z, timbre = (part.to(device) for part in segments.draw())
        with torch.autocast(device.type, torch.bfloat16):
            fake = decoder(z, timbre).float()
        report = {}
        loss = 15.0 * distance(fake[:, 0], real)
        report["mel"] = loss.item() / 15.0
        if progress.step >= plan.critics_from:
            report["critics"] = _train_critics(critics, tune_critics, real[:, None], fake)
            with torch.autocast(device.type, torch.bfloat16):
                _, seen = critics(real[:, None])
                scores, imagined = critics(fake)
                adversarial, features = generator_loss(scores), feature_loss(seen, imagined)
            report["adversarial"], report["features"] = adversarial.item(), features.item()
            loss = loss + adversarial + features
        tune.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 50.0)
        tune.step()
        if progress.advance(report):
            sample(work, decoder, segments)
    progress.save()


def _train_critics(
    critics: Discriminators, tune: torch.optim.Optimizer, real: Tensor, fake: Tensor
) -> float:
    with torch.autocast(real.device.type, torch.bfloat16):
        loss = discriminator_loss(critics(real)[0], critics(fake.detach())[0])
    tune.zero_grad()
    loss.backward()
    tune.step()
    return loss.item()


@torch.no_grad()
def sample(work: Path, decoder: Generator, segments: Segments) -> None:
    """Writes what the decoder makes of a few stretches, one after the other."""
    _, z, timbre = segments.draw()
    device = next(decoder.parameters()).device
    wave = decoder(z.to(device), timbre.to(device)).flatten().cpu().numpy()
    soundfile.write(work / "decoder.wav", wave, RATE)
