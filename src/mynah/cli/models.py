"""`mynah models pull`, `list` and `remove`, and models by their names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from mynah.config import Settings
from mynah.errors import CheckpointError
from mynah.hub.catalogue import RELEASES
from mynah.hub.source import source_of
from mynah.hub.store import ModelStore, release_named


def pull(name: str, source: str, settings: Settings, *, yes: bool) -> None:
    """Fetch a model after its size and licences were shown, and agreed to.

    Raises:
        OptionError: there is no such model or source.
        CheckpointError: it cannot be fetched.
    """
    store, release = ModelStore(settings.models), release_named(name)
    missing = store.missing(name, source_of(source, settings.hub_url))
    total = sum(each.remote.size for each in missing)
    for licence in release.licences:
        typer.echo(f"licence  {licence}")
    for each in missing:
        typer.echo(f"{_size(each.remote.size):>8}  {each.remote.url}")
    if missing and not yes:
        typer.confirm(f"Fetch {_size(total)} into {store.root}?", abort=True)
    with _bar(total) as received:
        folder = store.pull(name, missing, received)
    typer.echo(f"{name} is in {folder}")
    if release.speaks:
        typer.echo(f"Speak: mynah say 'Hello.' --model {name} --voice ljspeech --out hello.wav")


def rows(settings: Settings) -> Iterator[tuple[str, ...]]:
    """The state of each model, as `mynah models list` shows it."""
    store = ModelStore(settings.models)
    for name, release in RELEASES.items():
        size = store.size(name)
        state = "pulled" if store.has(name) else "in part" if size else "-"
        yield name, state, _size(size), "; ".join(release.licences)


def remove(name: str, settings: Settings) -> None:
    """Remove a model.

    Raises:
        OptionError: it is not there.
    """
    freed = ModelStore(settings.models).remove(name)
    typer.echo(f"{name} is removed; {_size(freed)} are free, the rest is of other models")


def with_pulled_model(settings: Settings) -> Settings:
    """Settings whose model, if it is a name and no folder, is the pulled or imported one.

    Raises:
        CheckpointError: it was not pulled, or only in part.
    """
    name = str(settings.model)
    store = ModelStore(settings.models)
    if settings.model is None or settings.model.exists() or len(settings.model.parts) != 1:
        return settings
    if name not in RELEASES and not store.folder(name).is_dir():
        return settings
    if name in RELEASES and not store.has(name):
        raise CheckpointError(
            f"{name} is not on this machine; `mynah models pull {name}` fetches it."
        )
    return settings.model_copy(update={"model": store.folder(name)})


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    columns = (
        TextColumn("fetching"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("fetching", total=total)
        yield lambda count: progress.advance(task, count)
