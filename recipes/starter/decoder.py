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
from recipes.starter.corpus import RATE, Track
from recipes.starter.latents import Latents
from recipes.starter.sizes import ACOUSTIC
from recipes.starter.state import Progress

FRAME = 640
MARGIN = 2


@dataclass(frozen=True, slots=True)
class DecoderPlan:
    """How long and on what to train; `critics_from` is the step at which critics join."""

    steps: int
    critics_from: int
    batch: int = 8
    frames: int = 32
    rate: float = 4e-4
    minutes: float = float("inf")
    device: str = "cpu"


class Segments:
    """Random stretches of the track: waveforms (B, S) and their noisy latents (B, 192, T)."""

    def __init__(self, work: Path, plan: DecoderPlan, seed: int) -> None:
        self.tape = Track(work)
        self.latents = Latents(work)
        self.plan = plan
        self.rng = np.random.default_rng(seed)
        wanted = (plan.frames + 2 * MARGIN) * FRAME
        self.clips = [clip for clip in self.tape.clips if clip.length > wanted]

    def draw(self) -> tuple[Tensor, Tensor]:
        length = (self.plan.frames + 2 * MARGIN) * FRAME
        rows = []
        for number in self.rng.integers(len(self.clips), size=self.plan.batch):
            clip = self.clips[number]
            start = int(self.rng.integers(clip.length - length + 1))
            rows.append(self.tape.audio(clip, start, length))
        audio = torch.from_numpy(np.stack(rows))
        z = self.latents(linear_spectrogram(audio))[:, :, MARGIN:-MARGIN]
        # The prior will err: the decoder learns to take latents that are a little off.
        z = z + torch.randn_like(z) * torch.rand(len(z), 1, 1) * 0.25
        return audio[:, MARGIN * FRAME : -MARGIN * FRAME], z


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
    timbre = torch.zeros(1, ACOUSTIC.gin_channels, 1, device=device)
    while progress.step < plan.steps and not progress.out_of_time:
        rate = plan.rate * min(1.0, (progress.step + 1) / 200)
        rate *= 0.5 ** (3 * progress.step / plan.steps)
        for group in (*tune.param_groups, *tune_critics.param_groups):
            group["lr"] = rate
        real, z = (part.to(device) for part in segments.draw())
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


def sample(work: Path, decoder: Generator, segments: Segments) -> None:
    """Writes what the decoder makes of one whole recording."""
    clip = segments.tape.clips[0]
    z = segments.latents(linear_spectrogram(torch.from_numpy(segments.tape.audio(clip))[None]))
    device = next(decoder.parameters()).device
    with torch.no_grad():
        timbre = torch.zeros(1, ACOUSTIC.gin_channels, 1, device=device)
        wave = decoder(z.to(device), timbre)[0, 0].cpu().numpy()
    soundfile.write(work / "decoder.wav", wave, RATE)
