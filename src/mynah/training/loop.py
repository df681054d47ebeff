"""The loop of every fine-tuning: steps, held-out losses, checkpoints and early stopping.

Each step seeds all its random numbers, so that a training that was stopped and resumed equals an
uninterrupted one bit for bit.
"""

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from mynah.checkpoints.adapter import Change
from mynah.runtime.files import write_atomic
from mynah.training.adapters import AdaptedNetwork
from mynah.training.optimizer import lr_scale
from mynah.training.trainer import Report, Stopped

_STEPS_A_SEED = 1_000_003  # more than any training has


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Length of a training.

    Attributes:
        steps: at most.
        measured_every: steps between two held-out losses.
        patience: held-out losses without a new best one after which it ends.
        kept_every: steps between two checkpoints.
        seed: of everything random.
    """

    steps: int
    measured_every: int = 20
    patience: int = 6
    kept_every: int = 40
    seed: int = 0


class Stateful(Protocol):
    """A network or its optimizer."""

    def state_dict(self) -> dict[str, Any]:
        """The state to keep in a checkpoint."""

    def load_state_dict(self, state: dict[str, Any], /) -> object:
        """Restore a `state_dict()`."""


class TrainingTask(Protocol):
    """The training of one network."""

    @property
    def learner(self) -> AdaptedNetwork:
        """The network."""

    @property
    def remembered(self) -> Sequence[Stateful]:
        """Parts with state to keep besides the changes."""

    def step(self, number: int, scale: float) -> Mapping[str, float]:
        """Take a step with the learning rate scaled by `scale`; return the losses by name."""

    def held_out_loss(self) -> float:
        """The loss on held-out data."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of one part of a job.

    Attributes:
        report: of the whole job.
        step: name of the part.
        start: percent of the job done before it.
        end: percent of the job done after it.
    """

    report: Report
    step: str
    start: float
    end: float

    def progress(self, share: float, losses: Mapping[str, float] | None = None) -> None:
        """Report the share of this part that is done."""
        self.report.progress(self.step, self.start + share * (self.end - self.start), losses)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Result of a training.

    Attributes:
        changes: the best, by the held-out loss.
        steps: number of steps taken.
        loss_before: the held-out loss before the first step.
        loss: the best held-out loss.
    """

    changes: Mapping[str, Change]
    steps: int
    loss_before: float
    loss: float


def learn(
    task: TrainingTask,
    plan: TrainingPlan,
    path: Path,
    progress: Progress,
    should_stop: Callable[[], bool],
) -> Outcome:
    """Train a network until its plan ends or it stops improving.

    Args:
        task: the training task.
        plan: its length.
        path: file of its checkpoints; resumes from it if it exists.
        progress: notified of every step.
        should_stop: asked before every step.

    Raises:
        Stopped: `should_stop` was true; a checkpoint is written.
    """
    run = _TrainingRun(task, plan, path)
    while not run.over:
        if should_stop():
            run.save()
            progress.report.checkpoint()
            raise Stopped
        losses = run.step()
        progress.progress(run.number / plan.steps, losses)
        if run.over or run.number % plan.kept_every == 0:
            run.save()
            progress.report.checkpoint()
    return run.outcome()


class _TrainingRun:
    """State of a training."""

    def __init__(self, task: TrainingTask, plan: TrainingPlan, path: Path) -> None:
        self._task = task
        self._plan = plan
        self._path = path
        self.number = 0
        self._held_out: list[float] = []
        self._best: dict[str, Tensor] = {}
        if path.exists():
            self._restore(torch.load(path, weights_only=True, map_location="cpu"))
        else:
            self._measure()

    @property
    def over(self) -> bool:
        since_best = len(self._held_out) - 1 - self._held_out.index(min(self._held_out))
        return self.number >= self._plan.steps or since_best >= self._plan.patience

    def step(self) -> dict[str, float]:
        scale = lr_scale(self.number, self._plan.steps)
        with self._seeded(self.number + 1):
            losses = dict(self._task.step(self.number, scale))
        self.number += 1
        if self.number % self._plan.measured_every == 0 or self.number == self._plan.steps:
            self._measure()
        return losses | {"held_out": self._held_out[-1]}

    def save(self) -> None:
        buffer = io.BytesIO()
        torch.save(
            {
                "number": self.number,
                "held_out": self._held_out,
                "best": self._best,
                "now": self._task.learner.tensors,
                "remembered": [part.state_dict() for part in self._task.remembered],
            },
            buffer,
        )
        write_atomic(self._path, buffer.getvalue())

    def outcome(self) -> Outcome:
        self._task.learner.restore(self._best)
        return Outcome(
            self._task.learner.learned(), self.number, self._held_out[0], min(self._held_out)
        )

    def _restore(self, state: dict[str, Any]) -> None:
        self.number, self._held_out = state["number"], state["held_out"]
        self._best = state["best"]
        self._task.learner.restore(state["now"])
        for part, kept in zip(self._task.remembered, state["remembered"], strict=True):
            part.load_state_dict(kept)

    def _measure(self) -> None:
        with self._seeded(0), torch.no_grad():
            loss = self._task.held_out_loss()
        self._held_out.append(loss if math.isfinite(loss) else math.inf)
        if self._held_out[-1] < min(self._held_out[:-1], default=math.inf) or not self._best:
            now = self._task.learner.tensors
            self._best = {name: tensor.detach().clone() for name, tensor in now.items()}

    @contextmanager
    def _seeded(self, step: int) -> Iterator[None]:
        device = self._task.learner.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(self._plan.seed * _STEPS_A_SEED + step)
            yield
