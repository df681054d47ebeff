"""Trains the semantic tokens: `ssl_proj` and the codebook of SoVITS, on content features.

A small decoder must rebuild both the features and the phonemes from the tokens
alone, so that 1,024 codes are spent on what is said. It is thrown away after.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from recipes.starter.corpus import Track
from recipes.starter.labels import read_labels

WIDTH = 768
CODES = 1024
DECAY = 0.97
IDLE = 0.2


class Codebook(nn.Module):
    """Codes that follow the mean of what they are nearest to (van den Oord et al. 2017)."""

    embed: Tensor
    embed_avg: Tensor
    cluster_size: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("embed", torch.zeros(CODES, WIDTH))
        self.register_buffer("embed_avg", torch.zeros(CODES, WIDTH))
        self.register_buffer("cluster_size", torch.zeros(CODES))

    def start(self, vectors: Tensor) -> None:
        """Places the codes by a few rounds of k-means over vectors (N, 768)."""
        self.embed.copy_(vectors[torch.randperm(len(vectors))[:CODES]])
        for _ in range(4):
            codes = self.nearest(vectors)
            counts = torch.bincount(codes, minlength=CODES)[:, None]
            sums = torch.zeros_like(self.embed).index_add_(0, codes, vectors)
            self.embed.copy_(torch.where(counts > 0, sums / counts.clamp(min=1), self.embed))
        self.embed_avg.copy_(self.embed)
        self.cluster_size.fill_(1.0)

    def nearest(self, vectors: Tensor) -> Tensor:
        """Code ids (N,) of vectors (N, 768)."""
        distance = self.embed.square().sum(1) - 2.0 * vectors @ self.embed.T
        return distance.argmin(dim=1)

    @torch.no_grad()
    def follow(self, vectors: Tensor, codes: Tensor) -> None:
        """Moves the codes after one batch and revives those that nothing chooses."""
        counts = torch.bincount(codes, minlength=CODES).float()
        sums = torch.zeros_like(self.embed).index_add_(0, codes, vectors)
        self.cluster_size.mul_(DECAY).add_(counts, alpha=1 - DECAY)
        self.embed_avg.mul_(DECAY).add_(sums, alpha=1 - DECAY)
        self.embed.copy_(self.embed_avg / self.cluster_size.clamp(min=1e-3)[:, None])
        idle = (self.cluster_size < IDLE).nonzero()[:, 0]
        if len(idle):
            chosen = vectors[torch.randint(len(vectors), (len(idle),))]
            self.embed[idle] = chosen
            self.embed_avg[idle] = chosen
            self.cluster_size[idle] = 1.0


class ConvolutionBlock(nn.Module):
    """A residual depthwise convolution and feed-forward layer (ConvNeXt, Liu et al. 2022)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.into = nn.Linear(width, 3 * width)
        self.out = nn.Linear(3 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return x + self.out(F.gelu(self.into(self.norm(y))))


class Tokenizer(nn.Module):
    """Features (B, 2 T, 768) to codes (B, T), and back through the throw-away decoder."""

    def __init__(self, symbols: int, width: int = 256) -> None:
        super().__init__()
        self.ssl_proj = nn.Conv1d(WIDTH, WIDTH, 2, stride=2)
        self.codebook = Codebook()
        self.into = nn.Linear(WIDTH, 2 * width)
        self.blocks = nn.Sequential(*(ConvolutionBlock(width) for _ in range(3)))
        self.features = nn.Linear(width, WIDTH)
        self.phonemes = nn.Linear(width, symbols + 1)
        # At first a code stands for the mean of its two frames.
        with torch.no_grad():
            self.ssl_proj.weight.copy_(0.5 * torch.eye(WIDTH)[:, :, None].expand(-1, -1, 2))

    def project(self, features: Tensor) -> Tensor:
        return self.ssl_proj(features.transpose(1, 2)).transpose(1, 2)

    def decode(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Rebuilt features (B, 2 T, 768) and phoneme log-probabilities (B, 2 T, symbols + 1)."""
        batch, frames, _ = latents.shape
        x = self.blocks(self.into(latents).view(batch, 2 * frames, -1))
        return self.features(x), F.log_softmax(self.phonemes(x).float(), dim=-1)


def read_tokenizer(work: Path) -> Tokenizer:
    """The trained tokenizer, for listening only."""
    state = torch.load(work / "tokenizer.pt", weights_only=True)
    tokenizer = Tokenizer(len(state["phonemes.bias"]) - 1)
    tokenizer.load_state_dict(state)
    return tokenizer.eval()


def batches(tape: Track, count: int, seconds: float, seed: int) -> list[list[int]]:
    """Groups of clip numbers of like length, about `seconds` of sound each."""
    rng = np.random.default_rng(seed)
    result: list[list[int]] = []
    while len(result) < count:
        order = np.argsort([c.length * rng.uniform(0.9, 1.1) for c in tape.clips])
        groups, group, total = [], [], 0.0
        for number in order.tolist():
            group.append(number)
            total += tape.clips[number].length / 32_000
            if total >= seconds:
                groups.append(group)
                group, total = [], 0.0
        rng.shuffle(groups)
        result += groups
    return result[:count]


def train(work: Path, steps: int, seconds: float = 80.0) -> None:
    """Writes `tokenizer.pt`: the whole `Tokenizer`."""
    tape = Track(work)
    features = np.load(work / "teacher.npy", mmap_mode="r")
    labels, symbols = read_labels(work)
    torch.manual_seed(0)
    model = Tokenizer(symbols)
    model.codebook.start(_sample(model, features))
    rate = 6e-4
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1)
    began = time.time()
    for step, group in enumerate(batches(tape, steps, seconds, 0)):
        loss, report = _loss(model, _read(tape, features, labels, group))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0 or step == steps - 1:
            print(f"{step:6d} {time.time() - began:6.0f} s  {report}", flush=True)
        if step % 400 == 399 or step == steps - 1:
            torch.save(model.state_dict(), work / "tokenizer.pt")


def _sample(model: Tokenizer, features: NDArray[np.float16]) -> Tensor:
    starts = np.random.default_rng(0).integers(0, len(features) // 2 - 1, 30_000) * 2
    rows = np.stack([features[s : s + 2] for s in np.sort(starts)]).astype(np.float32)
    rows = rows[rows.std(axis=(1, 2)) > 0.2]
    with torch.no_grad():
        return model.project(torch.from_numpy(rows))[:, 0]


@dataclass(frozen=True, slots=True)
class Sounds:
    """A padded batch: features (B, 2 T, 768), their lengths in frames, and phonemes if known."""

    features: Tensor
    lengths: Tensor
    labels: list[list[int]]

    @property
    def mask(self) -> Tensor:
        """Which frames are no padding, (B, 2 T)."""
        return torch.arange(self.features.shape[1]) < self.lengths[:, None]


def _read(
    tape: Track, features: NDArray[np.float16], labels: list[list[int]], group: list[int]
) -> Sounds:
    clips = [tape.clips[n] for n in group]
    frames = [clip.frames // 2 * 2 for clip in clips]
    padded = torch.zeros(len(clips), max(frames), WIDTH)
    for row, (clip, length) in enumerate(zip(clips, frames, strict=True)):
        first = clip.start // 640
        block = features[first : first + length].astype(np.float32)
        padded[row, :length] = torch.from_numpy(block)
    return Sounds(padded, torch.tensor(frames), [labels[n] for n in group])


def _loss(model: Tokenizer, sounds: Sounds) -> tuple[Tensor, str]:
    """What rebuilding from the codes alone lacks, and a line about it."""
    latents = model.project(sounds.features)
    kept = sounds.mask[:, ::2]
    vectors = latents[kept]
    with torch.no_grad():
        codes = model.codebook.nearest(vectors)
        chosen = model.codebook.embed[codes]
    model.codebook.follow(vectors.detach(), codes)
    quantised = torch.zeros_like(latents)
    quantised[kept] = vectors + (chosen - vectors).detach()
    rebuilt, scores = model.decode(quantised)
    commit = F.mse_loss(vectors, chosen)
    rebuild = F.mse_loss(rebuilt[sounds.mask], sounds.features[sounds.mask])
    ctc = phoneme_loss(scores, sounds.labels, sounds.lengths)
    used = len(torch.unique(codes))
    report = f"rebuild {rebuild:.3f} ctc {ctc:.3f} commit {commit:.3f} codes {used}"
    return rebuild + 0.5 * ctc + 0.25 * commit, report


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
