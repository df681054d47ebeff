"""The steps as commands: `python -m recipes.refinement STEP --work FOLDER`."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from mynah.acoustic.sovits.model import SoVITS
from mynah.checkpoints.file import read_checkpoint
from mynah.checkpoints.gpt import load_gpt, save_gpt
from mynah.checkpoints.sovits import load_sovits
from mynah.starter.checkpoint import load_content, postfilter_of, save_acoustic
from mynah.starter.mel_postfilter import MelPostfilter
from mynah.starter.token_classes import TokenClasses
from recipes.refinement import acoustic, listener, measuring, sayings, semantic, standards
from recipes.refinement.batches import Batches
from recipes.refinement.sayings import Saying
from recipes.starter.export import DRAWN_BY_DEFAULT
from recipes.starter.options import FOREVER, Device, Minutes, Steps, Threads, Work
from recipes.starter.prior import MEL
from recipes.starter.rendered import fit_postfilter

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Spoken = Annotated[list[Path], typer.Option(help="Folder that `recipes.starter dictate` wrote.")]
Model = Annotated[Path, typer.Option(help="Folder of the starter that is gone on with.")]
WORK, MODEL = Path("runs/refinement"), Path("src/mynah/starter")
COMPARED = 64
"""Sayings that rendered speech is compared with."""


@app.command()
def measure(spoken: Spoken, model: Model = MODEL, threads: Threads = 2, work: Work = WORK) -> None:
    """1. Measure envelopes and mels, and find how the starter standardises them."""
    told, _ = _sayings(spoken, model)
    measuring.measure_all(told, work, threads)
    sovits = load_sovits(model / "acoustic.pth").requires_grad_(False)
    raw = Batches(told, work, standards.unsettled(_postfilter(model)))
    standards.write(work, standards.find(sovits, raw))


@app.command()
def listen(
    spoken: Spoken,
    model: Model = MODEL,
    minutes: Minutes = 12.0,
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """2. Train what listens to smooth parts and to mels."""
    torch.set_num_threads(threads)
    told, sounds = _sayings(spoken, model)
    batches = Batches(told, work, standards.read(work))
    listener.write(work, batches, 1 + max(sounds.of_tokens), minutes)


@app.command("acoustic")
def train_acoustic(
    spoken: Spoken,
    model: Model = MODEL,
    steps: Steps = 5_000,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """3. Go on with the prior and the flow."""
    torch.set_num_threads(threads)
    told, sounds = _sayings(spoken, model)
    batches = Batches(told, work, standards.read(work))
    listeners = listener.read(work, 1 + max(sounds.of_tokens), torch.device(device))
    plan = acoustic.AcousticPlan(steps, minutes=minutes, device=device)
    acoustic.train(load_sovits(model / "acoustic.pth"), batches, listeners, plan, work)


@app.command("semantic")
def train_semantic(
    spoken: Spoken,
    model: Model = MODEL,
    steps: Steps = 2_000,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """4. Go on with the GPT."""
    torch.set_num_threads(threads)
    told, _ = _sayings(spoken, model)
    plan = semantic.SemanticPlan(steps, minutes=minutes, device=device)
    gpt = semantic.begun(load_gpt(model / "semantic.ckpt"))
    semantic.train(gpt, told, plan, work)


@app.command()
def write(
    spoken: Spoken,
    folder: Annotated[Path, typer.Option(help="Where the files go.")],
    model: Model = MODEL,
    work: Work = WORK,
) -> None:
    """5. Write the files that Mynah ships; the content encoder is the starter's own."""
    folder.mkdir(parents=True, exist_ok=True)
    told, _ = _sayings(spoken, model)
    sovits, gpt = load_sovits(model / "acoustic.pth"), load_gpt(model / "semantic.ckpt")
    steps = acoustic.read(sovits, work)
    known, batches = _postfilter(model), Batches(told, work, standards.read(work))
    postfilter = fit_postfilter(known.mean, known.deviation, _rendered(sovits, batches))
    # Sums to move the codes by, which nothing moves: one tensor, stored once.
    sovits.quantizer.codebook.embed_avg = sovits.quantizer.codebook.embed
    save_acoustic(sovits, postfilter, folder / "acoustic.pth", info=f"refined: {steps} steps")
    steps = semantic.read(gpt, work)
    save_gpt(
        gpt,
        folder / "semantic.ckpt",
        info=f"refined: {steps} steps",
        config={"inference": DRAWN_BY_DEFAULT},
    )
    if folder.resolve() != model.resolve():
        shutil.copy(model / "content.pth", folder)


def _postfilter(model: Path) -> MelPostfilter:
    postfilter = postfilter_of(read_checkpoint(model / "acoustic.pth"))
    if postfilter is None:
        raise typer.BadParameter("this model has no post-filter; pass a starter")
    return postfilter


def _sayings(spoken: list[Path], model: Path) -> tuple[list[Saying], TokenClasses]:
    sounds = load_content(model / "content.pth").token_classes
    if sounds is None:
        raise typer.BadParameter("the token classes of this model are not known; pass a starter")
    return sayings.read(spoken, sounds), sounds


@torch.no_grad()
def _rendered(sovits: SoVITS, batches: Batches) -> Iterator[tuple[Tensor, Tensor]]:
    rng = np.random.default_rng(0)
    count = min(COMPARED, len(batches.sayings))
    for number in rng.choice(len(batches.sayings), count, replace=False).tolist():
        batch = batches.batch([number], rng, disguised=False, plain=True)
        ge = sovits.reference(batch.reference)
        prior = sovits.prior(batch.codes, batch.phones, ge)
        yield sovits.flow.inverse(prior.mean, prior.mask, ge)[:, MEL], batch.mel


if __name__ == "__main__":
    app()
