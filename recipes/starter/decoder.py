"""Goes on with the decoder on sound, with critics of waveforms.

The recut vocoder (see `vocoder`) speaks from the first step; here it learns what is above 8 kHz,
the starter's frame rate, and mels as the flow renders them of what the prior predicts, beside
those of recordings.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.sovits.model import SoVITS
from mynah.audio.spectrogram import HOP, SAMPLE_RATE
from mynah.training.discriminators import Discriminators
from mynah.training.losses import MelDistance, discriminator_loss, feature_loss, generator_loss
from recipes.starter.prior import LATENTS, MEL, SMOOTH
from recipes.starter.rendering import PITCH
from recipes.starter.sentences import UNHEARD, Sentences, at_times
from recipes.starter.sizes import ACOUSTIC
from recipes.starter.state import Progress

MARGIN = 12
"""Frames at both ends of a stretch that the flow looks at."""
EDGE = 4
"""Frames at both ends that the decoder looks at."""
CRITICS_FROM = 150


@dataclass(frozen=True, slots=True)
class DecoderPlan:
    """Length and device of the training; a batch, a multiple of 4, has frames of 20 ms."""

    steps: int
    batch: int = 8
    frames: int = 32
    rate: float = 2e-4
    minutes: float = float("inf")
    device: str = "cpu"


class Segments:
    """Random stretches: waveforms (B, S), latents that are `EDGE` frames longer, timbres."""

    def __init__(self, work: Path, plan: DecoderPlan, model: SoVITS, seed: int) -> None:
        self.sentences = Sentences(work)
        self.plan = plan
        self.model = model
        self.rng = np.random.default_rng(seed)
        self.length = plan.frames + 2 * MARGIN
        clips = self.sentences.tape.clips
        self.numbers = [n for n, clip in enumerate(clips) if clip.frames > self.length]

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """One batch.

        A quarter of the latents hold recordings' mels, a quarter what the flow renders of
        their smooth part, and half what it renders of the predicted one.
        """
        tape, frames, device = self.sentences.tape, self.sentences.frames, self.plan.device
        chosen = self.rng.choice(self.numbers, self.plan.batch)
        clips = [tape.clips[n] for n in chosen]
        starts = [int(self.rng.integers(clip.frames - self.length)) for clip in clips]
        pairs = list(zip(clips, starts, strict=True))
        audio = [tape.audio(c, (s + MARGIN) * HOP, self.plan.frames * HOP) for c, s in pairs]
        smooth, mel = (
            torch.stack([frames.read(n, c.start // HOP + s, self.length).T for c, s in pairs])
            for n in ("smooth", "mel")
        )
        references = [self.sentences.reference(clip, None, self.rng)[0].T for clip in clips]
        lengths = torch.tensor([len(each) for each in references])
        heard = torch.nn.utils.rnn.pad_sequence(references, True).transpose(1, 2)
        mask = torch.arange(heard.shape[2]) < lengths[:, None, None]
        ge = self.model.reference(heard.to(device), mask=mask.to(device)).detach()
        quarter = len(clips) // 4
        told = slice(2 * quarter, None)
        smooth = smooth.to(device)
        smooth[told] = self._predicted(chosen[told], starts[told], ge[told], smooth[told])
        latents = self._rendered(smooth, ge)
        latents[:quarter, MEL] = mel[:quarter].to(device)
        edge = MARGIN - EDGE
        return torch.from_numpy(np.stack(audio)), latents[:, :, edge:-edge], ge

    @torch.no_grad()
    def _predicted(
        self, numbers: NDArray[np.int64], starts: list[int], ge: Tensor, true: Tensor
    ) -> Tensor:
        """The smooth part that the prior predicts of stretches, at their own pitch and pace."""
        sentences, pad = self.sentences, torch.nn.utils.rnn.pad_sequence
        told = [sentences.tokens.of(sentences.tape.clips[n]) for n in numbers]
        phones = [torch.tensor(sentences.phones[n] or UNHEARD) for n in numbers]
        with torch.autocast(ge.device.type, torch.bfloat16):
            prior = self.model.prior(
                pad([torch.tensor(each.tokens) for each in told], True).to(ge.device),
                pad(phones, True).to(ge.device),
                ge,
                lengths=torch.tensor([len(each.tokens) for each in told]).to(ge.device),
                phone_lengths=torch.tensor([len(row) for row in phones]).to(ge.device),
            )
        predicted = true.clone()
        for row, (each, start) in enumerate(zip(told, starts, strict=True)):
            frames = np.arange(len(each.times))
            spoken = np.interp(np.arange(start, start + self.length), each.times, frames)
            mean = prior.mean[row, SMOOTH].float().T[: len(frames)]
            predicted[row] = at_times(spoken, mean.cpu()).T.to(ge.device)
        predicted[:, PITCH] = true[:, PITCH]
        return predicted

    @torch.no_grad()
    def _rendered(self, smooth: Tensor, ge: Tensor) -> Tensor:
        start = F.pad(smooth, (0, 0, SMOOTH.start, LATENTS - SMOOTH.stop))
        with torch.autocast(smooth.device.type, torch.bfloat16):
            return self.model.flow.inverse(start, torch.ones_like(start[:, :1]), ge).float()


def speak(model: SoVITS, latents: Tensor, ge: Tensor) -> Tensor:
    """Waveforms (B, 1, S) of the middle of latents with edges."""
    with torch.autocast(latents.device.type, torch.bfloat16):
        wave: Tensor = model.dec(latents, ge)
    return wave.float()[:, :, EDGE * HOP : -EDGE * HOP]


def train(work: Path, plan: DecoderPlan) -> None:
    """Goes on from `decoder.pt` if it exists; writes it and a sample every 100 steps."""
    torch.manual_seed(0)
    device = torch.device(plan.device)
    model = SoVITS(ACOUSTIC)
    prior = torch.load(work / "prior.pt", weights_only=True, map_location="cpu")
    model.load_state_dict(prior["parts"][0])
    if (work / "rendering.pt").exists():
        rendering = torch.load(work / "rendering.pt", weights_only=True, map_location="cpu")
        model.flow.load_state_dict(rendering["parts"][0])
    model.to(device)
    model.eval().requires_grad_(False)
    model.dec.requires_grad_(True)
    critics = Discriminators(4, 8).to(device)
    tune = torch.optim.AdamW(model.dec.parameters(), plan.rate, (0.8, 0.99))
    tune_critics = torch.optim.AdamW(critics.parameters(), plan.rate, (0.8, 0.99))
    progress = Progress(work / "decoder.pt", (model.dec, critics, tune, tune_critics), plan.minutes)
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
        loss = distance(fake[:, 0], real)
        report = {"mel": loss.item()}
        loss = 15.0 * loss
        if progress.step >= CRITICS_FROM:
            report["critics"] = _train_critics(critics, tune_critics, real[:, None], fake)
            with torch.autocast(device.type, torch.bfloat16):
                _, seen = critics(real[:, None])
                scores, imagined = critics(fake)
                adversarial, features = generator_loss(scores), feature_loss(seen, imagined)
            report["adversarial"], report["features"] = adversarial.item(), features.item()
            loss = loss + adversarial + features
        tune.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.dec.parameters(), 50.0)
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
