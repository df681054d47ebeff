"""The commands of training and their options: `mynah train`, `mynah jobs` and `mynah export`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mynah.cli.command import PlainTextCommand
from mynah.cli.output import one_line
from mynah.training.trainer import Stage

EXAMPLE = (
    "Example: [bold]mynah train minute.wav --name ann --text 'What I say in it.'[/] "
    "Then [bold]mynah serve[/], and ann speaks with her new weights. Settings are environment "
    "variables, as of `serve`. Exit code 1: it failed; 130: it was cancelled."
)

jobs = typer.Typer(
    help="See, cancel and retry trainings, those of the server too.", no_args_is_help=True
)


class Stages(StrEnum):
    """The networks that learn."""

    BOTH = "both"
    ACOUSTIC = "acoustic"
    SEMANTIC = "semantic"


_STAGES: dict[Stages, tuple[Stage, ...]] = {
    Stages.BOTH: ("acoustic", "semantic"),
    Stages.ACOUSTIC: ("acoustic",),
    Stages.SEMANTIC: ("semantic",),
}


def train(
    recordings: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RECORDING",
            help="One person's clear speech, a minute or more in total: recordings, or folders of "
            "clips from 0.6 s on. A voice that is there learns from its own recordings if there "
            "are none.",
        ),
    ] = None,
    *,
    name: Annotated[
        str,
        typer.Option(help="Name of the voice, which is made of the recordings if it is not there."),
    ],
    text: Annotated[
        list[str] | None,
        typer.Option(help="The words of a recording; give it again for each one, in order."),
    ] = None,
    clip_list: Annotated[
        Path | None,
        typer.Option(
            "--list",
            help="The words of the recordings in place of --text: a list as GPT-SoVITS's tools "
            "write it, path|speaker|language|text. Files are found by their names.",
        ),
    ] = None,
    language: Annotated[
        str,
        typer.Option(help="Language of these words: zh, en, ja, ko, yue or auto; or the list's."),
    ] = "auto",
    epochs: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="Times each recording is seen; the trainer knows best."),
    ] = None,
    rank: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=256,
            help="Size of what is learned, 0 for whole networks; the trainer knows best.",
        ),
    ] = None,
    stage: Annotated[
        Stages,
        typer.Option(help="What learns: acoustic the sound, semantic the manner of speaking."),
    ] = Stages.BOTH,
    denoise: Annotated[
        bool, typer.Option("--denoise", help="Take noise out of the recordings first.")
    ] = False,
    owner: Annotated[
        str | None,
        typer.Option(
            help="Whose voice it is; any owner's of this name, or a new one of `default`."
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Folder with the model to train further, which `serve` must speak with. Without "
            "it the starter learns."
        ),
    ] = None,
) -> None:
    """Train a voice on a minute of speech or more; Ctrl-C cancels, `jobs retry` goes on."""
    from mynah.cli.models import with_pulled_model  # noqa: PLC0415
    from mynah.cli.train import train as run  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415
    from mynah.jobs.kinds.train import TrainingParams  # noqa: PLC0415

    stages = _STAGES[stage]
    params = TrainingParams(
        (), language, epochs, rank, stages, parent=1, promote=True, denoise=denoise
    )
    settings = with_pulled_model(read_settings(model=model))
    run(settings, name, recordings or [], text or [], clip_list, params, owner)


def export(
    name: Annotated[str, typer.Argument(metavar="VOICE", help="Name of a voice that was trained.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder to write gpt.ckpt and sovits.pth into.")],
    version: Annotated[
        int | None, typer.Option(min=1, help="Number of the version; the one that speaks.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder with the model that was trained further.")
    ] = None,
) -> None:
    """Write a trained version as the files that GPT-SoVITS's own tools open."""
    from mynah.cli.export import export as write  # noqa: PLC0415
    from mynah.cli.models import with_pulled_model  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    for path in write(with_pulled_model(read_settings(model=model)), name, version, out):
        typer.echo(one_line(str(path)))


@jobs.command("list", cls=PlainTextCommand)
def list_jobs(
    limit: Annotated[int, typer.Option(min=1, help="Most jobs to list.")] = 20,
) -> None:
    """List the latest jobs: id, state, percent, voice, time."""
    from mynah.cli.jobs import JobBook  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    for row in JobBook(read_settings()).rows(limit):
        typer.echo("\t".join(row))


JobId = Annotated[str, typer.Argument(help="The id that `jobs list` shows.")]


@jobs.command(cls=PlainTextCommand)
def show(job: JobId) -> None:
    """Print the state, progress and messages of a job."""
    from mynah.cli.jobs import JobBook  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    for name, value in JobBook(read_settings()).facts(job):
        typer.echo(f"{name + ':':<12} {value}")


@jobs.command(cls=PlainTextCommand)
def cancel(job: JobId) -> None:
    """End a job: at once if it waits, within seconds if it runs."""
    from mynah.cli.jobs import JobBook  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    typer.echo(JobBook(read_settings()).cancel(job))


@jobs.command(cls=PlainTextCommand)
def retry(job: JobId) -> None:
    """Resume a job that failed, was cancelled or was abandoned, from its checkpoint."""
    from mynah.cli.jobs import retry as go_on  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    go_on(read_settings(), job)
