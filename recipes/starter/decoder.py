"""Goes on with the flow and the decoder together, on sound: spectra first, then critics as well.

The recut vocoder (see `vocoder`) speaks from the first step; here it learns the
frames above 8 kHz, the starter's frame rate and what the flow makes of a smooth part.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.sovits import SoVITS
from mynah.training.discriminators import (
    Discriminators,
    discriminator_loss,
    feature_loss,
    generator_loss,
)
from mynah.training.spectral import MelDistance
from mynah.voice.spectrogram import HOP, SAMPLE_RATE
from recipes.starter.prior import LATENTS, SMOOTH, UNCERTAINTY, Sentences
from recipes.starter.sizes import ACOUSTIC
from recipes.starter.state import Progress

MARGIN = 12


@dataclass(frozen=True, slots=True)
class DecoderPlan:
    """How long and on what to train; `frames` are 20 ms of sound, of which a batch has 8."""

    steps: int
    critics_from: int
    batch: int = 8
    frames: int = 32
    rate: float = 2e-4
    minutes: float = float("inf")
    device: str = "cpu"


class Segments:
    """Random stretches: waveforms (B, S), what surrounds them as the flow reads it, timbres."""

    def __init__(self, work: Path, plan: DecoderPlan, model: SoVITS, seed: int) -> None:
        self.sentences = Sentences(work)
        self.plan = plan
        self.model = model
        self.rng = np.random.default_rng(seed)
        self.length = plan.frames + 2 * MARGIN
        clips = self.sentences.tape.clips
        self.numbers = [n for n, clip in enumerate(clips) if clip.frames > self.length]

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """One batch; the smooth parts are `MARGIN` frames longer at both ends."""
        tape, frames = self.sentences.tape, self.sentences.frames
        chosen = self.rng.choice(self.numbers, self.plan.batch)
        clips = [tape.clips[n] for n in chosen]
        starts = [int(self.rng.integers(clip.frames - self.length)) for clip in clips]
        pairs = list(zip(clips, starts, strict=True))
        audio = [tape.audio(c, (s + MARGIN) * HOP, self.plan.frames * HOP) for c, s in pairs]
        smooth = torch.stack(
            [frames.read("smooth", c.start // HOP + s, self.length).T for c, s in pairs]
        )
        smooth = smooth + UNCERTAINTY * torch.rand(len(smooth), 1, 1) * torch.randn_like(smooth)
        batch = self.sentences.batch(chosen.tolist(), self.rng)
        with torch.no_grad():
            ge = self.model.reference(
                batch.reference.to(self.plan.device), mask=batch.reference_mask.to(self.plan.device)
            )
        latents = F.pad(smooth, (0, 0, SMOOTH.start, LATENTS - SMOOTH.stop))
        return torch.from_numpy(np.stack(audio)), latents, ge


def speak(model: SoVITS, latents: Tensor, ge: Tensor) -> Tensor:
    """Waveforms (B, 1, S) of the middle of smooth parts with margins."""
    with torch.autocast(latents.device.type, torch.bfloat16):
        z = model.flow.inverse(latents, torch.ones_like(latents[:, :1]), ge)
        wave: Tensor = model.dec(z[:, :, MARGIN - 4 : 4 - MARGIN], ge)
    return wave.float()[:, :, 4 * HOP : -4 * HOP]


def train(work: Path, plan: DecoderPlan) -> None:
    """Goes on from `decoder.pt` if it exists; writes it and a sample every 500 steps."""
    torch.manual_seed(0)
    device = torch.device(plan.device)
    model = SoVITS(ACOUSTIC)
    prior = torch.load(work / "prior.pt", weights_only=True, map_location="cpu")
    model.load_state_dict(prior["parts"][0])
    model.to(device)
    sounding, critics = nn.ModuleList([model.flow, model.dec]), Discriminators(4, 8).to(device)
    tune = torch.optim.AdamW(sounding.parameters(), plan.rate, (0.8, 0.99))
    tune_critics = torch.optim.AdamW(critics.parameters(), plan.rate, (0.8, 0.99))
    progress = Progress(work / "decoder.pt", (sounding, critics, tune, tune_critics), plan.minutes)
    distance = MelDistance(SAMPLE_RATE).to(device)
    segments = Segments(work, plan, model, progress.step)
    while progress.step < plan.steps and not progress.out_of_time:
        rate = plan.rate * min(1.0, (progress.step + 1) / 100)
        rate *= 0.5 ** (3 * progress.step / plan.steps)
        for group in (*tune.param_groups, *tune_critics.param_groups):
            group["lr"] = rate
        audio, latents, ge = segments.draw()
        real = audio.to(device)
        fake = speak(model, latents.to(device), ge)
        report = {"mel": 0.0}
        loss = distance(fake[:, 0], real)
        report["mel"] = loss.item()
        loss = 15.0 * loss
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
        torch.nn.utils.clip_grad_norm_(sounding.parameters(), 50.0)
        tune.step()
        if progress.advance(report):
            sample(work, model, segments)
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
def sample(work: Path, model: SoVITS, segments: Segments) -> None:
    """Writes what the decoder makes of a few stretches, one after the other."""
    _, latents, ge = segments.draw()
    wave = speak(model, latents.to(ge.device), ge).flatten().cpu().numpy()
    soundfile.write(work / "decoder.wav", wave, SAMPLE_RATE)
