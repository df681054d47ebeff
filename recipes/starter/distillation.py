"""Teaches a decoder with one residual block a stage to sound as the trained one, which has three.

In the trained decoder the same latents always sound the same. So the slim one is asked for that
very sound, phases and all, and for what each stage gives, which is more to go by than how real
speech sounds. It begins as the trained one's widest blocks, which a voice depends on most. First
each stage learns alone, from what the trained one's earlier stages give: it has only its own task
then and bears ten times the rate. Then all learn together to make up for each other's errors.
"""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.sovits.hifigan import Generator
from mynah.acoustic.sovits.model import SoVITS
from mynah.audio.spectrogram import HOP, SAMPLE_RATE
from mynah.checkpoints.file import read_checkpoint
from mynah.checkpoints.sovits import load_sovits, sovits_from
from mynah.starter.checkpoint import postfilter_of, save_acoustic
from mynah.training.losses import MelDistance
from mynah.training.optimizer import AdapterOptimizer, lr_scale
from recipes.starter.decoder import EDGE, DecoderPlan
from recipes.starter.overheard import Heard, overhear
from recipes.starter.sizes import ACOUSTIC, SLIM
from recipes.starter.state import Progress

MEL = 2.0
ALONE = 0.6
"""Share of the steps in which each stage learns alone."""
TOGETHER_RATE = 0.1
"""Of the rate, when all stages learn together."""
FOURIER_SIZES = (2048, 512, 128)
OVERHEARD_MINUTES = 5.0


def slim(decoder: Generator) -> Generator:
    """The decoder without all but one residual block of each stage."""
    given, count = decoder.state_dict(), decoder.blocks_per_rate
    kept = ACOUSTIC.resblock_kernel_sizes.index(SLIM.resblock_kernel_sizes[0])
    state = {name: each for name, each in given.items() if not name.startswith("resblocks.")}
    for stage in range(len(decoder.ups)):
        block = decoder.resblocks[stage * count + kept].state_dict()
        state |= {f"resblocks.{stage}.{name}": each for name, each in block.items()}
    smaller = Generator(SLIM)
    smaller.load_state_dict(state)
    return smaller


def train(work: Path, plan: DecoderPlan, model: Path, corpus: Path) -> None:
    """Goes on from `slim.pt` if it exists, and writes it.

    Args:
        work: where it stands.
        plan: of its steps.
        model: folder of the model whose decoder teaches.
        corpus: whose texts are said in whose voices; see `overhear`.
    """
    torch.manual_seed(0)
    device = torch.device(plan.device)
    teacher = load_sovits(model / "acoustic.pth").dec.requires_grad_(False).to(device)
    student = slim(teacher).requires_grad_(True).to(device)
    tuner = AdapterOptimizer([(each, 1.0) for each in student.parameters()], plan.rate, (0.9, 0.98))
    progress = Progress(work / "slim.pt", (student, tuner), plan.minutes)
    distance, heard = MelDistance(SAMPLE_RATE).to(device), _overheard(work, model, corpus)
    rng = np.random.default_rng(progress.step)
    alone = int(ALONE * plan.steps)
    while progress.step < plan.steps and not progress.out_of_time:
        z, ge = (each.to(device) for each in draw(heard, plan, rng))
        with torch.no_grad():
            wanted, real = spoken(teacher, z, ge)
        stages, made = spoken(student, z, ge, wanted if progress.step < alone else ())
        losses = {
            "mel": MEL * distance(made, real),
            "spectra": spectral_distance(made, real),
            "stages": stage_distance(stages, wanted),
        }
        tuner.step(torch.stack(list(losses.values())).sum(), _pace(progress.step, alone, plan))
        progress.advance({name: loss.item() for name, loss in losses.items()})
    progress.save()


def write(work: Path, model: Path, folder: Path) -> None:
    """Writes a model again, with the slim decoder."""
    stored = read_checkpoint(model / "acoustic.pth")
    given, postfilter = sovits_from(stored), postfilter_of(stored)
    assert postfilter, "the model is no starter"
    state = torch.load(work / "slim.pt", weights_only=True, map_location="cpu")
    smaller = SoVITS(SLIM)
    decoder = {f"dec.{name}": each for name, each in state["parts"][0].items()}
    rest = {n: each for n, each in given.state_dict().items() if not n.startswith("dec.")}
    smaller.load_state_dict(rest | decoder)
    info = f"{stored.info}, slimmed {state['step']} steps"
    folder.mkdir(parents=True, exist_ok=True)
    save_acoustic(smaller.half(), postfilter, folder / "acoustic.pth", info=info)
    for name in ("semantic.ckpt", "content.pth"):
        shutil.copyfile(model / name, folder / name)


def draw(
    heard: Sequence[Heard], plan: DecoderPlan, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Latents of random stretches, `EDGE` frames longer at both ends, and timbres."""
    length = plan.frames + 2 * EDGE
    long = [(z, ge) for z, ge in heard if z.shape[1] >= length]
    chances = np.array([z.shape[1] - length + 1.0 for z, _ in long])
    chosen = [long[n] for n in rng.choice(len(long), plan.batch, p=chances / chances.sum())]
    starts = [int(rng.integers(z.shape[1] - length + 1)) for z, _ in chosen]
    latents = [z[:, s : s + length] for (z, _), s in zip(chosen, starts, strict=True)]
    return torch.stack(latents).float(), torch.stack([ge for _, ge in chosen]).float()


def spoken(
    decoder: Generator, z: Tensor, ge: Tensor, given: Sequence[Tensor] = ()
) -> tuple[list[Tensor], Tensor]:
    """Outputs of each stage but the last, and the sound without its edges.

    Args:
        decoder: that speaks.
        z: latents (B, channels, frames).
        ge: timbres (B, channels, 1).
        given: to each stage but the first, in place of what the one before it gives.

    Returns:
        Stages (B, channels, time) and waves (B, samples).
    """
    x, stages = decoder.enter(z, ge), []
    for number in range(len(decoder.ups)):
        x = decoder.stage(number, given[number - 1] if given and number else x)
        stages.append(x)
    wave = torch.tanh(decoder.conv_post(F.leaky_relu(x)))[:, 0]
    return stages[:-1], _without_edges(wave, HOP)


def stage_distance(made: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Squares of what differs, of each channel's own variance; the sum over the stages."""
    distances = []
    for number, pair in enumerate(zip(made, wanted, strict=True)):
        rate = math.prod(ACOUSTIC.upsample_rates[: number + 1])
        ours, theirs = (_without_edges(x, rate) for x in pair)
        spread = theirs.var((0, 2)) + 1e-3 * theirs.var()
        distances.append(((ours - theirs).square().mean((0, 2)) / spread).mean())
    return torch.stack(distances).sum()


def spectral_distance(made: Tensor, wanted: Tensor) -> Tensor:
    """Power of what complex spectra of waves (B, samples) differ by, of the power around it."""
    distances = []
    for size in FOURIER_SIZES:
        window = torch.hann_window(size, device=made.device)
        ours, theirs = (
            torch.view_as_real(
                torch.stft(wave, size, size // 4, window=window, return_complex=True)
            )
            for wave in (made, wanted)
        )
        power = theirs.square().sum(-1)
        around = F.avg_pool2d(power[:, None], 5, 1, padding=2, count_include_pad=False)[:, 0]
        least = 0.02 * power.mean(2, keepdim=True) + 1e-6 * size
        distances.append(((ours - theirs).square().sum(-1) / ((power + around) / 2 + least)).mean())
    return torch.stack(distances).mean()


def _pace(step: int, alone: int, plan: DecoderPlan) -> float:
    if step < alone:
        return lr_scale(step, alone)
    return TOGETHER_RATE * lr_scale(step - alone, plan.steps - alone)


def _without_edges(x: Tensor, rate: int) -> Tensor:
    return x[..., EDGE * rate : -EDGE * rate]


def _overheard(work: Path, model: Path, corpus: Path) -> list[Heard]:
    path = work / "overheard.pt"
    if not path.exists():
        torch.save(overhear(model, corpus, OVERHEARD_MINUTES), path)
    heard: list[Heard] = torch.load(path, weights_only=True)
    return heard
