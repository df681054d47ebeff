"""Trains the prior, the flow and the reference encoder: tokens, phonemes and a timbre to latents.

The flow keeps volume, so the likelihood of the fixed latents is exact and no
sound needs to be made: whole sentences fit into a step.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from mynah.acoustic.sovits import SoVITS
from mynah.voice.spectrogram import linear_spectrogram
from recipes.starter.corpus import RATE, Clip, Track
from recipes.starter.labels import read_phones
from recipes.starter.latents import Latents
from recipes.starter.sizes import ACOUSTIC
from recipes.starter.state import Progress

NOISE = 0.1
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
    """Rows of different lengths: tokens, phonemes, latents and reference spectrograms."""

    codes: Tensor
    lengths: Tensor
    phones: Tensor
    phone_lengths: Tensor
    latents: Tensor
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
        self.spectrum = Latents(work)
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
        tokens = [
            torch.from_numpy(self.tokens[c.start // 1280 :][: c.frames // 2].astype(np.int64))
            for c in clips
        ]
        phones = [torch.tensor(self.phones[n] or UNHEARD) for n in numbers]
        heard = [linear_spectrogram(torch.from_numpy(self.tape.audio(c))[None]) for c in clips]
        latents = [self.spectrum(s)[0].T for s in heard]
        references = [self._reference(c, rng)[0].T for c in clips]
        reference_lengths = torch.tensor([len(r) for r in references])
        reference = pad(references, batch_first=True).transpose(1, 2)
        return Batch(
            codes=pad(tokens, batch_first=True),
            lengths=torch.tensor([len(t) for t in tokens]),
            phones=pad(phones, batch_first=True),
            phone_lengths=torch.tensor([len(p) for p in phones]),
            latents=pad(latents, batch_first=True).transpose(1, 2),
            reference=reference,
            reference_mask=torch.arange(reference.shape[2]) < reference_lengths[:, None, None],
        )

    def _reference(self, clip: Clip, rng: np.random.Generator) -> Tensor:
        fellows = self.fellows[clip.speaker]
        chosen = fellows[rng.integers(len(fellows))]
        length = int(rng.uniform(2.0, LONGEST_REFERENCE) * RATE)
        start = int(rng.integers(max(1, chosen.length - length)))
        # A microphone's level is nobody's timbre.
        samples = self.tape.audio(chosen, start, length) * np.float32(rng.uniform(0.3, 1.3))
        return linear_spectrogram(torch.from_numpy(samples)[None])


def negative_log_likelihood(model: SoVITS, batch: Batch) -> Tensor:
    """Nats per latent value, relative to a unit normal's constant."""
    with torch.autocast(batch.latents.device.type, torch.bfloat16):
        ge = model.reference(batch.reference, mask=batch.reference_mask)
        prior = model.prior(
            batch.codes,
            batch.phones,
            ge,
            lengths=batch.lengths,
            phone_lengths=batch.phone_lengths,
        )
        z = batch.latents[:, :, : prior.mean.shape[2]]
        z = (z + NOISE * torch.randn_like(z)) * prior.mask
        mapped = model.flow(z, prior.mask, ge)
    log_scale = prior.log_scale.float()
    squared = (mapped.float() - prior.mean.float()).square() * torch.exp(-2.0 * log_scale)
    nats = (log_scale + 0.5 * squared) * prior.mask
    return nats.sum() / (prior.mask.sum() * z.shape[1]) + 0.5 * math.log(2 * math.pi)


def with_tokenizer(work: Path) -> SoVITS:
    """A fresh SoVITS whose quantizer is the one trained before."""
    model = SoVITS(ACOUSTIC)
    state = torch.load(work / "tokenizer.pt", weights_only=True)
    model.ssl_proj.load_state_dict({k: state[f"ssl_proj.{k}"] for k in ("weight", "bias")})
    book = {f"vq.layers.0._codebook.{k}": state[f"codebook.{k}"] for k in ("embed", "embed_avg")}
    book["vq.layers.0._codebook.cluster_size"] = state["codebook.cluster_size"]
    model.quantizer.load_state_dict(book, strict=False)
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
    sentences = Sentences(work)
    while progress.step < plan.steps and not progress.out_of_time:
        rng = np.random.default_rng(progress.step)
        for numbers in sentences.order(plan.seconds, rng):
            loss = negative_log_likelihood(model, sentences.batch(numbers, rng).to(device))
            tune.zero_grad()
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(learning, 5.0)
            tune.step()
            schedule.step()
            if progress.advance({"nats": loss.item(), "gradient": norm.item()}):
                sample(work, model, sentences)
            if progress.step >= plan.steps or progress.out_of_time:
                break
    progress.save()


def sample(work: Path, model: SoVITS, sentences: Sentences) -> None:
    """Speaks the first recording's own tokens with the decoder as it stands."""
    decoder = work / "decoder.pt"
    if not decoder.exists():
        return
    device = next(model.parameters()).device
    model.dec.load_state_dict(
        torch.load(decoder, weights_only=True, map_location=device)["parts"][0]
    )
    batch = sentences.batch([0], np.random.default_rng(0)).to(device)
    model.eval()
    ge = model.timbre([batch.reference])
    wave = model.decode(batch.codes, batch.phones, ge, noise_scale=0.4)
    model.train()
    soundfile.write(work / "prior.wav", wave[0].float().cpu().numpy(), RATE)
