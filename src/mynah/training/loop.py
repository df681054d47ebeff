"""The loop of every fine-tuning: steps, held-out losses, checkpoints, and when to stop.

A step draws all its random numbers from a seed of its own, so that a training that was stopped
and resumed learns what it would have learned otherwise, to the bit.
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
    """How long a network learns.

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
        """What it has to remember."""

    def load_state_dict(self, state: dict[str, Any], /) -> object:
        """Goes on from what it remembered."""


class TrainingTask(Protocol):
    """What one network learns from."""

    @property
    def learner(self) -> AdaptedNetwork:
        """The network."""

    @property
    def remembered(self) -> Sequence[Stateful]:
        """What has to be kept beside what is learned."""

    def step(self, number: int, pace: float) -> Mapping[str, float]:
        """Learns a little; its losses by name."""

    def held_out_loss(self) -> float:
        """How far it is from what it does not learn from."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a fine-tuning tells how it goes.

    Attributes:
        report: of the whole job.
        step: name of this part of it.
        start: percent of the job that are done before.
        end: percent of the job that are done after.
    """

    report: Report
    step: str
    start: float
    end: float

    def progress(self, share: float, losses: Mapping[str, float]) -> None:
        """Tells which share of this part is done."""
        self.report.progress(self.step, self.start + share * (self.end - self.start), losses)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What was learned.

    Attributes:
        changes: the best, by the held-out loss.
        steps: that were taken.
        loss_before: the held-out loss of the first step.
        loss: that of the best.
    """

    changes: Mapping[str, Change]
    steps: int
    loss_before: float
    loss: float


def learn(
    lesson: TrainingTask,
    plan: TrainingPlan,
    path: Path,
    telling: Progress,
    should_stop: Callable[[], bool],
) -> Outcome:
    """Has a network learn until its plan ends or it gets no better.

    Args:
        lesson: what it learns.
        plan: how long.
        path: file of its checkpoints; it goes on from the one that is there.
        telling: told of every step.
        should_stop: asked before every step.

    Raises:
        Stopped: it was told to, and has left a checkpoint.
    """
    course = _TrainingRun(lesson, plan, path)
    while not course.over:
        if should_stop():
            course.keep()
            telling.report.checkpoint()
            raise Stopped
        losses = course.step()
        telling.progress(course.number / plan.steps, losses)
        if course.over or course.number % plan.kept_every == 0:
            course.keep()
            telling.report.checkpoint()
    return course.outcome()


class _TrainingRun:
    """Where a fine-tuning stands."""

    def __init__(self, lesson: TrainingTask, plan: TrainingPlan, path: Path) -> None:
        self._lesson = lesson
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
        pace = lr_scale(self.number, self._plan.steps)
        with self._seeded(self.number + 1):
            losses = dict(self._lesson.step(self.number, pace))
        self.number += 1
        if self.number % self._plan.measured_every == 0 or self.number == self._plan.steps:
            self._measure()
        return losses | {"held_out": self._held_out[-1]}

    def keep(self) -> None:
        buffer = io.BytesIO()
        torch.save(
            {
                "number": self.number,
                "held_out": self._held_out,
                "best": self._best,
                "now": self._lesson.learner.tensors,
                "remembered": [part.state_dict() for part in self._lesson.remembered],
            },
            buffer,
        )
        write_atomic(self._path, buffer.getvalue())

    def outcome(self) -> Outcome:
        self._lesson.learner.restore(self._best)
        return Outcome(
            self._lesson.learner.learned(), self.number, self._held_out[0], min(self._held_out)
        )

    def _restore(self, state: dict[str, Any]) -> None:
        self.number, self._held_out = state["number"], state["held_out"]
        self._best = state["best"]
        self._lesson.learner.restore(state["now"])
        for part, kept in zip(self._lesson.remembered, state["remembered"], strict=True):
            part.load_state_dict(kept)

    def _measure(self) -> None:
        with self._seeded(0), torch.no_grad():
            loss = self._lesson.held_out_loss()
        self._held_out.append(loss if math.isfinite(loss) else math.inf)
        if self._held_out[-1] < min(self._held_out[:-1], default=math.inf) or not self._best:
            now = self._lesson.learner.tensors
            self._best = {name: tensor.detach().clone() for name, tensor in now.items()}

    @contextmanager
    def _seeded(self, step: int) -> Iterator[None]:
        device = self._lesson.learner.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(self._plan.seed * _STEPS_A_SEED + step)
            yield
