"""Output of commands: progress bars, and values on one line."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

if TYPE_CHECKING:
    from mynah.jobs.events import JobEvent


def one_line(text: str) -> str:
    """The text on one line, without control characters that a terminal would obey."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())


class JobBar:
    """Progress bar of a job, shown while the context is open."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[more]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("queued", total=100, more="")
        self._step = "queued"

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, event: "JobEvent") -> None:
        """Show an event."""
        if event.kind == "message":
            self.say(event.data["text"])
        elif event.kind == "state":
            self._begin(event.data["state"])
        else:
            self._begin(event.data["step"])
            self._bar.update(self._task, completed=event.data["percent"], more=_more(event.data))

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(one_line(text), markup=False, highlight=False, soft_wrap=True)

    def _begin(self, step: str) -> None:
        if step == self._step:
            return
        self._step = step
        self._bar.update(self._task, description=one_line(step))
        if self._bar.disable:
            self.say(step)


def _more(progress: Mapping[str, Any]) -> str:
    losses = [f"{one_line(name)} {loss:.3f}" for name, loss in progress["losses"].items()]
    seconds = progress["eta_seconds"]
    left = [] if seconds is None else [f"{timedelta(seconds=seconds)} left"]
    return "  ".join([*left, *losses])
