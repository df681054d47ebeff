"""Trains the prior, the flow and the reference encoder: tokens, phonemes and a timbre to a mel.

The latents have a fixed meaning: the prior foresees the smooth part of a frame in
one half of the channels, and the flow renders the vocoder's mel into the other
(see `frames`). No sound needs to be made: whole sentences fit into a step.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.config import CODEBOOK_SIZE
from mynah.acoustic.sovits import SoVITS
from mynah.voice.spectrogram import HOP, linear_spectrogram
from recipes.starter.alignment import UNKNOWN
from recipes.starter.corpus import RATE, Clip, Track
from recipes.starter.cross_guide import CrossGuide
from recipes.starter.frames import MEL_CHANNELS, SMOOTH_CHANNELS, Frames
from recipes.starter.labels import read_phones
from recipes.starter.sizes import ACOUSTIC
from recipes.starter.state import Progress

LATENTS = ACOUSTIC.inter_channels
MEL = slice(0, MEL_CHANNELS)
SMOOTH = slice(LATENTS // 2, LATENTS // 2 + SMOOTH_CHANNELS)
UNCERTAINTY = 0.2
MISHEARD = 0.03
MOST_SLIPS = 0.8
GUIDED = 0.1
UNHEARD = [0]
LONGEST_REFERENCE = 5.0


@dataclass(frozen=True, slots=True)
class PriorPlan:
    """How long and on what to train; a batch holds about `seconds` of sound."""

    steps: int
    seconds: float = 40.0
    rate: float = 6e-4
    minutes: float = float("inf")
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of different lengths: tokens, phonemes, each frame's phoneme, frames and references."""

    codes: Tensor
    lengths: Tensor
    phones: Tensor
    phone_lengths: Tensor
    places: Tensor
    smooth: Tensor
    mel: Tensor
    reference: Tensor
    reference_mask: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__slots__))


class Sentences:
    """Draws batches of whole recordings, each with a reference by the same speaker."""

    def __init__(self, work: Path) -> None:
        self.tape = Track(work)
        self.phones = read_phones(work)
        self.tokens = np.load(work / "tokens.npy")
        drawn = work / "drawn.npy"
        self.drawn = np.load(drawn) if drawn.exists() else self.tokens
        self.alignment = np.load(work / "alignment.npy")
        self.frames = Frames(work)
        self.fellows: dict[str, list[Clip]] = {}
        for clip in self.tape.clips:
            self.fellows.setdefault(clip.speaker, []).append(clip)

    def order(self, seconds: float, rng: np.random.Generator) -> list[list[int]]:
        """All clips once, grouped by length, about `seconds` a group."""
        lengths = np.array([clip.length / RATE for clip in self.tape.clips])
        groups: list[list[int]] = [[]]
        for number in np.argsort(lengths * rng.uniform(0.93, 1.07, len(lengths))).tolist():
            if groups[-1] and (len(groups[-1]) + 1) * lengths[number] > seconds:
                groups.append([])
            groups[-1].append(number)
        rng.shuffle(groups)
        return groups

    def batch(self, numbers: list[int], rng: np.random.Generator) -> Batch:
        """Everything that the loss of these clips needs."""
        clips = [self.tape.clips[n] for n in numbers]
        pad = torch.nn.utils.rnn.pad_sequence
        tokens = [self._tokens(clip, rng) for clip in clips]
        phones = [torch.tensor(self.phones[n] or UNHEARD) for n in numbers]
        places = [
            torch.from_numpy(
                self.alignment[c.start // 1280 :][: c.frames // 2].astype(np.int64).repeat(2)
            )
            for c in clips
        ]
        smooth, mel = (
            [self.frames.read(name, c.start // HOP, c.frames) for c in clips]
            for name in ("smooth", "mel")
        )
        references = [self._reference(c, rng)[0].T for c in clips]
        reference_lengths = torch.tensor([len(r) for r in references])
        reference = pad(references, batch_first=True).transpose(1, 2)
        return Batch(
            codes=pad(tokens, batch_first=True),
            lengths=torch.tensor([len(t) for t in tokens]),
            phones=pad(phones, batch_first=True),
            phone_lengths=torch.tensor([len(p) for p in phones]),
            places=pad(places, batch_first=True, padding_value=UNKNOWN),
            smooth=pad(smooth, batch_first=True).transpose(1, 2),
            mel=pad(mel, batch_first=True).transpose(1, 2),
            reference=reference,
            reference_mask=torch.arange(reference.shape[2]) < reference_lengths[:, None, None],
        )

    def _tokens(self, clip: Clip, rng: np.random.Generator) -> Tensor:
        """The clip's tokens, a share of them as the GPT would have drawn them."""
        own, drawn = (
            table[clip.start // 1280 :][: clip.frames // 2] for table in (self.tokens, self.drawn)
        )
        slips = rng.random(len(own)) < MOST_SLIPS * rng.random()
        return torch.from_numpy(np.where(slips, drawn, own).astype(np.int64))

    def _reference(self, clip: Clip, rng: np.random.Generator) -> Tensor:
        fellows = self.fellows[clip.speaker]
        chosen = fellows[rng.integers(len(fellows))]
        length = int(rng.uniform(2.0, LONGEST_REFERENCE) * RATE)
        start = int(rng.integers(max(1, chosen.length - length)))
        # A microphone's level is nobody's timbre.
        samples = self.tape.audio(chosen, start, length) * np.float32(rng.uniform(0.3, 1.3))
        return linear_spectrogram(torch.from_numpy(samples)[None])


def distances(model: SoVITS, batch: Batch) -> tuple[Tensor, Tensor]:
    """How far the smooth part is from what the prior foresees, and the mel from its rendering.

    Both are mean absolute differences in standard deviations. The flow renders from the true
    smooth part, made a little uncertain, so that pitch and harmonics agree while it learns.
    """
    with torch.autocast(batch.smooth.device.type, torch.bfloat16):
        ge = model.reference(batch.reference, mask=batch.reference_mask)
        prior = model.prior(
            _misheard(batch.codes),
            batch.phones,
            ge,
            lengths=batch.lengths,
            phone_lengths=batch.phone_lengths,
        )
        frames = prior.mean.shape[2]
        smooth, mel = batch.smooth[:, :, :frames], batch.mel[:, :, :frames]
        uncertain = smooth + UNCERTAINTY * torch.rand(len(mel), 1, 1) * torch.randn_like(smooth)
        start = F.pad(uncertain, (0, 0, SMOOTH.start, LATENTS - SMOOTH.stop)) * prior.mask
        rendered = model.flow.inverse(start, prior.mask, ge)[:, MEL]
    return (
        _mean_distance(prior.mean[:, SMOOTH].float(), smooth, prior.mask),
        _mean_distance(rendered.float(), mel, prior.mask),
    )


def _misheard(codes: Tensor) -> Tensor:
    """Some tokens replaced by any others: the GPT will err, and the phonemes know better."""
    wrong = torch.rand(codes.shape, device=codes.device) < MISHEARD
    return torch.where(wrong, torch.randint_like(codes, CODEBOOK_SIZE), codes)


def _mean_distance(given: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    return ((given - wanted).abs() * mask).sum() / (mask.sum() * wanted.shape[1])


def with_tokenizer(work: Path) -> SoVITS:
    """A fresh SoVITS whose quantizer is the one trained before, and whose decoder can speak."""
    model = SoVITS(ACOUSTIC)
    state = torch.load(work / "tokenizer.pt", weights_only=True)
    model.ssl_proj.load_state_dict({k: state[f"ssl_proj.{k}"] for k in ("weight", "bias")})
    book = {f"vq.layers.0._codebook.{k}": state[f"codebook.{k}"] for k in ("embed", "embed_avg")}
    book["vq.layers.0._codebook.cluster_size"] = state["codebook.cluster_size"]
    model.quantizer.load_state_dict(book, strict=False)
    model.dec.load_state_dict(torch.load(work / "vocoder.pt", weights_only=True))
    for part in (model.ssl_proj, model.quantizer, model.dec):
        part.requires_grad_(False)
    return model


def train(work: Path, plan: PriorPlan) -> None:
    """Goes on from `prior.pt` if it exists."""
    torch.manual_seed(0)
    device = torch.device(plan.device)
    model = with_tokenizer(work).to(device)
    learning = [p for p in model.parameters() if p.requires_grad]
    tune = torch.optim.AdamW(learning, plan.rate, (0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(tune, plan.rate, plan.steps, pct_start=0.06)
    progress = Progress(work / "prior.pt", (model, tune, schedule), plan.minutes)
    sentences, guide = Sentences(work), CrossGuide(model.enc_p.mrte)
    while progress.step < plan.steps and not progress.out_of_time:
        rng = np.random.default_rng(progress.step)
        for numbers in sentences.order(plan.seconds, rng):
            batch = sentences.batch(numbers, rng).to(device)
            smooth, mel = distances(model, batch)
            guided = guide.loss(batch.places, batch.phone_lengths)
            tune.zero_grad()
            (smooth + mel + GUIDED * guided).backward()
            torch.nn.utils.clip_grad_norm_(learning, 5.0)
            tune.step()
            schedule.step()
            if progress.advance(
                {"smooth": smooth.item(), "mel": mel.item(), "guide": guided.item()}
            ):
                sample(work, model, sentences)
            if progress.step >= plan.steps or progress.out_of_time:
                break
    progress.save()


def sample(work: Path, model: SoVITS, sentences: Sentences) -> None:
    """Speaks the first recording's own tokens in the first recording's voice."""
    device = next(model.parameters()).device
    batch = sentences.batch([0], np.random.default_rng(0)).to(device)
    model.eval()
    wave = model.decode(batch.codes, batch.phones, model.timbre([batch.reference]), noise_scale=0)
    model.train()
    soundfile.write(work / "prior.wav", wave[0].float().cpu().numpy(), RATE)
