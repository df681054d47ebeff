"""The interface of trainers: request, report and result.

The service owns the job around it: it keeps the trainer's folder safe, starts the trainer again
after a crash, and makes a version of its result.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from mynah.training.evaluation import Evaluation

Stage = Literal["acoustic", "semantic"]


@dataclass(frozen=True, slots=True)
class TrainingRecording:
    """A recording for training: FLAC, mono at 32 kHz; its text, if known; seconds of speech."""

    path: Path
    text: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """Parameters of a training.

    Attributes:
        recordings: at least one.
        language: of their words.
        epochs: passes over the recordings; None leaves it to the trainer, also the choice not to
            learn from them at all.
        rank: of the adapters, 0 for full fine-tuning; None leaves it to the trainer.
        stages: the networks that learn.
        model: folder of the base model; None is the starter.
        parent: folder of the version's weights to continue from; None is the base model itself.
        denoise: reduce noise in the recordings first.
    """

    recordings: Sequence[TrainingRecording]
    language: str
    epochs: int | None
    rank: int | None
    stages: Sequence[Stage]
    model: Path | None
    parent: Path | None
    denoise: bool = False


@dataclass(frozen=True, slots=True)
class TrainedPrompt:
    """A recording that is part of the new version's prompt."""

    path: Path
    text: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class VersionFiles:
    """Result of a training.

    Attributes:
        weights: files of the version by their names; without any, the base model's own speak, with
            other prompts.
        report: on the data: seconds kept and dropped, and why. Must be JSON.
        metrics: further figures to be shown, such as losses on held-out recordings.
        prompts: its prompts; without any, those of the voice.
        evaluation: decides the promotion; a version without one is kept, and speaks when somebody
            promotes it.
    """

    weights: Mapping[str, Path]
    report: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    prompts: Sequence[TrainedPrompt] = ()
    evaluation: Evaluation | None = None

    def all_metrics(self) -> dict[str, float]:
        """The metrics with those of the evaluation."""
        return dict(self.metrics) | (self.evaluation.metrics() if self.evaluation else {})


class Report(Protocol):
    """Receiver of a training's progress."""

    def progress(
        self, step: str, percent: float, losses: Mapping[str, float] | None = None
    ) -> None:
        """Report progress; as often as you like, not every call is recorded.

        Args:
            step: the current step, such as `slicing` or `acoustic`.
            percent: of the whole job.
            losses: by name.

        Raises:
            Stopped: the work is no longer wanted.
        """

    def message(self, text: str) -> None:
        """Send the caller a message of one line.

        Raises:
            Stopped: the work is no longer wanted.
        """

    def checkpoint(self) -> None:
        """Declare the folder a checkpoint, from which an attempt after a crash can resume.

        Raises:
            Stopped: the work is no longer wanted.
        """


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The work ends early, on request."""


class Trainer(Protocol):
    """Trainer of voices."""

    def train(
        self,
        folder: Path,
        request: TrainingRequest,
        report: Report,
        should_stop: Callable[[], bool],
    ) -> VersionFiles:
        """Train a voice.

        Args:
            folder: for this attempt alone. After a crash it is a copy of the last checkpoint of
                the attempt before, or somewhat later, and the work must resume from it; do not
                rely on a file that may be half-written.
            request: what to learn; its recordings lie in `folder / "recordings"`.
            report: receives the progress.
            should_stop: asked between steps; if true, `train` must raise `Stopped` within seconds,
                and may leave a checkpoint behind.

        Returns:
            Files anywhere in `folder`; they are copied.

        Raises:
            Stopped: `should_stop` was true.
            MynahError: the recordings cannot be learned from; its message says why and what to do.
        """
