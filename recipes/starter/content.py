"""Trains the content encoder: the teacher's features by regression, phonemes by CTC.

It begins with the first layers of a small recogniser (see `whisper_layers`).

Its input is distorted (noise, colour of the channel, holes), the target is not:
so a real room or microphone moves the features little.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.voice.content import ContentConfig, ContentEncoder
from recipes.starter.corpus import Track
from recipes.starter.labels import read_labels
from recipes.starter.state import Progress
from recipes.starter.tokens import batches, phoneme_loss, read_tokenizer
from recipes.starter.whisper_layers import begin_with


@dataclass(frozen=True, slots=True)
class ContentPlan:
    """How long and on what to train; a batch holds about `seconds` of sound."""

    steps: int
    seconds: float = 60.0
    rate: float = 6e-4
    minutes: float = float("inf")
    device: str = "cpu"


class Lessons:
    """Recordings with the teacher's features and, where known, their phonemes."""

    def __init__(self, work: Path) -> None:
        self.tape = Track(work)
        self.features = np.load(work / "teacher.npy", mmap_mode="r")
        self.labels, self.symbols = read_labels(work)

    def read(self, numbers: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Waveforms (B, S) at 16 kHz, features (B, T, 768) and lengths (B,) in frames."""
        clips = [self.tape.clips[n] for n in numbers]
        lengths = torch.tensor([clip.frames for clip in clips])
        audio = torch.zeros(len(clips), int(lengths.max()) * 320)
        features = torch.zeros(len(clips), int(lengths.max()), self.features.shape[1])
        for row, clip in enumerate(clips):
            samples = self.tape.content_audio(clip)[: clip.frames * 320]
            audio[row, : len(samples)] = torch.from_numpy(samples)
            first = clip.start // 640
            block = np.asarray(self.features[first : first + clip.frames], np.float32)
            features[row, : clip.frames] = torch.from_numpy(block)
        return audio, features, lengths


def distort(audio: Tensor) -> Tensor:
    """Adds white or low-passed noise at 5 to 60 dB below the speech, row by row."""
    noise = torch.randn_like(audio)
    smooth = F.avg_pool1d(noise[:, None], 9, 1, 4)[:, 0] * 3.0
    noise = torch.where(torch.rand(len(audio), 1) < 0.5, noise, smooth)
    below = 10.0 ** (-(5.0 + 55.0 * torch.rand(len(audio), 1).sqrt()) / 20.0)
    return audio + noise * audio.square().mean(1, keepdim=True).sqrt() * below


def colour(mel: Tensor) -> Tensor:
    """Adds a smooth random curve over the bands and cuts holes into bands and time."""
    batch, bands, _ = mel.shape
    curve = F.interpolate(torch.randn(batch, 1, 6), bands, mode="linear")[:, 0, :, None]
    mel = mel + 0.07 * curve
    for axis, widest in ((1, 10), (2, 16)):
        size = mel.shape[axis]
        start = torch.randint(size, (batch, 1))
        hole = torch.arange(size) - start
        kept = ~((hole >= 0) & (hole < torch.randint(widest, (batch, 1))))
        mel = mel * (kept[:, :, None] if axis == 1 else kept[:, None, :])
    return mel


def train(work: Path, plan: ContentPlan, beginning: Path) -> None:
    """Goes on from `content.pt` if it exists, else from Whisper tiny's ONNX file."""
    torch.manual_seed(0)
    device = torch.device(plan.device)
    lessons = Lessons(work)
    model = ContentEncoder(ContentConfig(symbols=lessons.symbols)).to(device)
    begin_with(model, beginning)
    tune = torch.optim.AdamW(model.parameters(), plan.rate, (0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(tune, plan.rate, plan.steps, pct_start=0.08)
    progress = Progress(work / "content.pt", (model, tune, schedule), plan.minutes)
    for group in batches(lessons.tape, plan.steps, plan.seconds, 1)[progress.step :]:
        audio, target, lengths = (part.to(device) for part in lessons.read(group))
        with torch.no_grad():
            mel = colour(model.mel(distort(audio)))
        with torch.autocast(device.type, torch.bfloat16):
            hidden = model.encode(mel, lengths)
            features = model.features(hidden)
        kept = torch.arange(features.shape[1], device=device) < lengths[:, None]
        rebuilt = F.mse_loss(features[kept].float(), target[kept])
        scores = model.phoneme_scores(hidden.float())
        ctc = phoneme_loss(scores, [lessons.labels[n] for n in group], lengths)
        tune.zero_grad()
        (rebuilt + 0.2 * ctc).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        tune.step()
        schedule.step()
        if progress.advance({"features": rebuilt.item(), "ctc": ctc.item()}):
            report(work, model, lessons)
        if progress.out_of_time:
            break
    progress.save()


@torch.no_grad()
def report(work: Path, model: ContentEncoder, lessons: Lessons) -> None:
    """Prints how often the student's features give the teacher's tokens."""
    tokenizer = read_tokenizer(work)
    agreed = total = 0
    model.eval()
    for number in range(0, len(lessons.tape.clips), 100):
        audio, target, _ = lessons.read([number])
        given = tokenizer.project(model(audio))[0]
        wanted = tokenizer.project(target)[0]
        same = tokenizer.codebook.nearest(given) == tokenizer.codebook.nearest(wanted)
        agreed, total = agreed + int(same.sum()), total + len(same)
    model.train()
    print(f"       tokens as the teacher's: {agreed / total:.3f}", flush=True)
