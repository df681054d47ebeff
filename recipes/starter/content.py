"""Trains the content encoder: tokens, phonemes by CTC, and the teacher's features by regression.

It begins with the first layers of a small recogniser (see `whisper_layers`). The features of the
larger one are asked of a layer that is thrown away after: they show what people sound like whose
words nobody wrote down.

Its input is distorted (noise, colour of the channel, holes), the target is not:
so a real room or microphone moves the features little.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.encoders.ctc_aligner import AlignerConfig
from mynah.starter.content_encoder import MelContentEncoder
from recipes.starter.corpus import Track, batches
from recipes.starter.labels import read_labels
from recipes.starter.sounds import UNKNOWN
from recipes.starter.state import Progress
from recipes.starter.tokens import STRENGTH, Tokens
from recipes.starter.whisper_layers import begin_with


@dataclass(frozen=True, slots=True)
class ContentPlan:
    """Length and device of the training; a batch holds about `seconds` of sound."""

    steps: int
    seconds: float = 60.0
    rate: float = 6e-4
    minutes: float = float("inf")
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of different lengths: waveforms, the teacher's features, frames, tokens, phonemes."""

    audio: Tensor
    features: Tensor
    lengths: Tensor
    tokens: Tensor
    labels: list[list[int]]


class Lessons:
    """Recordings with the teacher's features, tokens and, where known, their phonemes."""

    def __init__(self, work: Path) -> None:
        self.tape = Track(work)
        self.tokens = Tokens(work)
        self.labels, self.symbols = read_labels(work)
        self._features = np.load(work / "teacher.npy", mmap_mode="r")

    def read(self, numbers: list[int]) -> Batch:
        """Waveforms (B, S) at 16 kHz, features (B, T, 768), lengths (B,), tokens (B, T / 2)."""
        clips = [self.tape.clips[n] for n in numbers]
        pad = torch.nn.utils.rnn.pad_sequence
        audio = [self.tape.content_audio(clip)[: clip.frames * 320] for clip in clips]
        blocks = [self._features[clip.start // 640 :][: clip.frames] for clip in clips]
        tokens = [self.tokens.of(clip).tokens for clip in clips]
        return Batch(
            audio=pad([torch.from_numpy(samples) for samples in audio], True),
            features=pad([torch.from_numpy(block.astype(np.float32)) for block in blocks], True),
            lengths=torch.tensor([clip.frames for clip in clips]),
            tokens=pad([torch.tensor(row) for row in tokens], True, UNKNOWN),
            labels=[self.labels[n] for n in numbers],
        )


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


class Student(nn.Module):
    """The content encoder, what is fixed of the tokens, and the layer that is thrown away.

    Args:
        symbols: size of the phoneme table.
        codebook: (1024, 768).
    """

    codebook: Tensor

    def __init__(self, symbols: int, codebook: Tensor) -> None:
        super().__init__()
        self.encoder = MelContentEncoder(AlignerConfig(symbols=symbols))
        self.as_teacher = nn.Linear(self.encoder.aligner.config.width, codebook.shape[1])
        self.register_buffer("codebook", codebook, persistent=False)

    def token_scores(self, features: Tensor) -> Tensor:
        """Scores (B, T / 2, 1024) of features (B, T, 768): the nearest code has the highest."""
        pairs = features[:, : features.shape[1] // 2 * 2].unflatten(1, (-1, 2)).mean(dim=2)
        distance = self.codebook.square().sum(1) - 2.0 * pairs @ self.codebook.T
        return -distance / STRENGTH

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Nats per token, nats per phoneme, and distance from the teacher."""
        with torch.no_grad():
            mel = colour(self.encoder.aligner.mel(distort(batch.audio)))
        with torch.autocast(batch.audio.device.type, torch.bfloat16):
            hidden = self.encoder.aligner.encode(mel, batch.lengths)
            features, teacher = self.encoder.features(hidden), self.as_teacher(hidden)
        scores = self.token_scores(features.float())
        wanted = batch.tokens[:, : scores.shape[1]]
        frames = torch.arange(hidden.shape[1], device=hidden.device)
        kept = frames < batch.lengths[:, None]
        return {
            "tokens": F.cross_entropy(
                scores[:, : wanted.shape[1]].flatten(0, 1), wanted.flatten(), ignore_index=UNKNOWN
            ),
            "ctc": phoneme_loss(
                self.encoder.aligner.phoneme_scores(hidden.float()), batch.labels, batch.lengths
            ),
            "teacher": F.mse_loss(teacher[kept].float(), batch.features[kept]),
        }


def train(work: Path, plan: ContentPlan, beginning: Path) -> None:
    """Goes on from `content.pt` if it exists, else from Whisper tiny's ONNX file."""
    torch.manual_seed(0)
    device = torch.device(plan.device)
    lessons = Lessons(work)
    student = Student(lessons.symbols, lessons.tokens.alphabet.vectors()).to(device)
    begin_with(student.encoder.aligner, beginning)
    tune = torch.optim.AdamW(student.parameters(), plan.rate, (0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(tune, plan.rate, plan.steps, pct_start=0.08)
    progress = Progress(work / "content.pt", (student, tune, schedule), plan.minutes)
    while progress.step < plan.steps and not progress.out_of_time:
        for group in batches(lessons.tape.clips, plan.seconds, progress.step):
            batch = lessons.read(group)
            losses = student.losses(_on(batch, device))
            tune.zero_grad()
            (losses["tokens"] + 0.2 * losses["ctc"] + 0.5 * losses["teacher"]).backward()
            torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            tune.step()
            schedule.step()
            if progress.advance({name: loss.item() for name, loss in losses.items()}):
                report(student, lessons)
            if progress.step >= plan.steps or progress.out_of_time:
                break
    progress.save()


def _on(batch: Batch, device: torch.device) -> Batch:
    return Batch(
        batch.audio.to(device),
        batch.features.to(device),
        batch.lengths.to(device),
        batch.tokens.to(device),
        batch.labels,
    )


def phoneme_loss(scores: Tensor, labels: list[list[int]], lengths: Tensor) -> Tensor:
    """CTC loss, nats per phoneme, of the rows whose phonemes are known.

    Args:
        scores: log-probabilities (B, T, symbols + 1), the last class blank.
        labels: phoneme ids of every row, none where they are unknown.
        lengths: (B,) frames of every row.
    """
    rows = [row for row, label in enumerate(labels) if label]
    if not rows:
        return scores.sum() * 0.0
    targets = [labels[row] for row in rows]
    return F.ctc_loss(
        scores[rows].transpose(0, 1),
        torch.tensor([phone for target in targets for phone in target]),
        lengths[rows].cpu(),
        torch.tensor([len(target) for target in targets]),
        blank=scores.shape[-1] - 1,
        zero_infinity=True,
    )


@torch.no_grad()
def report(student: Student, lessons: Lessons) -> None:
    """Prints how often the nearest code is the token, and how often at least its sound."""
    sounds = torch.tensor(lessons.tokens.alphabet.sound_of)
    tokens: list[Tensor] = []
    wanted: list[Tensor] = []
    student.eval()
    device = student.codebook.device
    for number in range(0, len(lessons.tape.clips), 100):
        batch = lessons.read([number])
        scores = student.token_scores(student.encoder(batch.audio.to(device)))[0]
        count = min(len(scores), batch.tokens.shape[1])
        tokens.append(scores.argmax(1)[:count].cpu())
        wanted.append(batch.tokens[0, :count])
    student.train()
    given, right = torch.cat(tokens), torch.cat(wanted)
    same = (given == right).float().mean()
    alike = (sounds[given] == sounds[right]).float().mean()
    print(f"       tokens {same:.3f}, sounds {alike:.3f}", flush=True)
