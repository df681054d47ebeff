"""A listener: names the sound of each frame, and so says whether what was predicted is clear.

What is predicted is a mean, and a mean of consonants is none. Where it differs from the truth in
what a listener hears, it differs in what matters (Johnson et al. 2016, perceptual losses).
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.audio.log_mel import BANDS
from recipes.refinement.batches import Batch, Batches
from recipes.starter.frames import ENVELOPE_BANDS, PITCH_COPIES, SMOOTH_CHANNELS
from recipes.starter.timing import UNKNOWN

WIDTH = 224
DILATIONS = (1, 2, 1, 4, 1)
NOISE, DULLNESS = 0.5, 0.25
RATE = 1e-3
SECONDS = 24.0
SMOOTHING = 0.05


class Listener(nn.Module):
    """A stack of convolutions.

    Args:
        channels: of the frames.
        sounds: that there are.
    """

    def __init__(self, channels: int, sounds: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(channels, WIDTH, 5, padding=2)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(WIDTH, WIDTH, 3, padding=dilation, dilation=dilation),
                nn.GroupNorm(8, WIDTH),
                nn.GELU(),
                nn.Conv1d(WIDTH, WIDTH, 1),
            )
            for dilation in DILATIONS
        )
        self.out = nn.Conv1d(WIDTH, sounds, 1)

    def forward(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Scores (B, sounds, T) of frames (B, channels, T), and what was seen on the way."""
        x = F.gelu(self.first(frames))
        seen = [x]
        for block in self.blocks:
            x = x + block(x)
            seen.append(x)
        return self.out(F.gelu(x)), seen


def unpitched(smooth: Tensor) -> Tensor:
    """Smooth parts (B, 69, T) without their pitch: (B, 65, T)."""
    return torch.cat([smooth[:, :ENVELOPE_BANDS], smooth[:, ENVELOPE_BANDS + PITCH_COPIES :]], 1)


def said(batch: Batch) -> Tensor:
    """Which frames are part of a saying: 1 or 0, (B, 1, T)."""
    return (batch.sounds != UNKNOWN)[:, None].float()


KINDS: dict[str, tuple[int, Callable[[Batch], Tensor]]] = {
    "smooth": (SMOOTH_CHANNELS - PITCH_COPIES, lambda batch: unpitched(batch.smooth)),
    "mel": (BANDS, lambda batch: batch.mel),
}
"""Channels of what a listener may listen to, and how it is read."""


def missed(listener: Listener, made: Tensor, real: Tensor, sounds: Tensor) -> tuple[Tensor, Tensor]:
    """Relative distance of a listener's features of both, and its cross-entropy on `made` in nats.

    Args:
        listener: that learns no more.
        made: frames (B, channels, T), 0 behind the end.
        real: the same in truth.
        sounds: (B, T), -1 behind the end.
    """
    with torch.autocast(made.device.type, torch.bfloat16):
        with torch.no_grad():
            _, wanted = listener(real)
        scores, seen = listener(made)
    there = (sounds != UNKNOWN)[:, None].float()
    shares = [
        ((a.float() - b.float()).abs() * there).sum() / ((a.float().abs() * there).sum() + 1.0)
        for a, b in zip(wanted, seen, strict=True)
    ]
    named = F.cross_entropy(scores.float(), sounds, ignore_index=UNKNOWN)
    return torch.stack(shares).mean(), named


def spoilt(frames: Tensor) -> Tensor:
    """Augment frames with noise and dullness, little of both for most rows."""
    rows = len(frames), 1, 1
    noisy = frames + NOISE * torch.rand(rows) ** 2 * torch.randn_like(frames)
    share = DULLNESS * torch.rand(rows) * (torch.rand(rows) < 0.5)
    before, after = F.pad(noisy, (1, 0))[:, :, :-1], F.pad(noisy, (0, 1))[:, :, 1:]
    return (1.0 - 2.0 * share) * noisy + share * (before + after)


def train(batches: Batches, kind: str, sounds: int, minutes: float) -> Listener:
    """Trains a listener.

    Args:
        batches: to listen to.
        kind: of `KINDS`.
        sounds: that there are.
        minutes: to go on for.
    """
    channels, of = KINDS[kind]
    listener = Listener(channels, sounds)
    tune = torch.optim.AdamW(listener.parameters(), RATE, (0.9, 0.98))
    began, step, epoch, left = time.time(), 0, 0, 1.0
    while left > 0.0:
        rng = np.random.default_rng(epoch)
        for group in batches.groups(batches.learnt, SECONDS, epoch):
            left = 1.0 - (time.time() - began) / (60.0 * minutes)
            if left <= 0.0:
                break
            for part in tune.param_groups:
                part["lr"] = RATE * min(1.0, (step + 1) / 50) * left
            # A disguised mel would not fit its reference.
            disguised = kind == "smooth" and step % 2 == 1
            batch = batches.batch(group, rng, disguised=disguised, plain=False)
            with torch.autocast("cpu", torch.bfloat16):
                scores, _ = listener(spoilt(of(batch)) * said(batch))
            loss = F.cross_entropy(
                scores.float(), batch.sounds, ignore_index=UNKNOWN, label_smoothing=SMOOTHING
            )
            tune.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(listener.parameters(), 3.0)
            tune.step()
            step += 1
            if step % 100 == 0:
                print(f"{step:6d} {kind} {loss.item():.3f}", flush=True)
        epoch += 1
    print(
        f"{kind}: of strangers {right(batches, listener, kind):.1%} of the frames are heard right"
    )
    return listener


@torch.no_grad()
def right(batches: Batches, listener: Listener, kind: str) -> float:
    """Share of the held out frames with a sound that are named rightly."""
    rng, hits, count = np.random.default_rng(0), 0, 0
    for group in batches.groups(batches.held_out, SECONDS, 0):
        batch = batches.batch(group, rng, disguised=False, plain=True)
        named = listener(KINDS[kind][1](batch) * said(batch))[0].argmax(1)
        loud = batch.sounds > 0
        hits += int(((named == batch.sounds) & loud).sum())
        count += int(loud.sum())
    return hits / max(1, count)


def write(work: Path, batches: Batches, sounds: int, minutes: float) -> None:
    """Trains one of each kind, half of the time each, and writes `listeners.pt`."""
    torch.manual_seed(0)
    trained = {kind: train(batches, kind, sounds, minutes / 2).state_dict() for kind in KINDS}
    torch.save(trained, work / "listeners.pt")


def read(work: Path, sounds: int, device: torch.device) -> dict[str, Listener]:
    """Load what `write` saved, frozen."""
    states = torch.load(work / "listeners.pt", weights_only=True, map_location="cpu")
    found = {}
    for kind, (channels, _) in KINDS.items():
        found[kind] = Listener(channels, sounds)
        found[kind].load_state_dict(states[kind])
        found[kind].requires_grad_(False).eval().to(device)
    return found
