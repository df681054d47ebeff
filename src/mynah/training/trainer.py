"""What a trainer is given, what it tells meanwhile, and what it gives back.

The service owns the job around it: whoever runs a trainer keeps its folder safe, starts it again
after a crash, and makes a version of what it returns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from mynah.training.evaluation import Evaluation

Stage = Literal["acoustic", "semantic"]


@dataclass(frozen=True, slots=True)
class TrainingRecording:
    """A recording to learn from.

    Attributes:
        path: FLAC, mono at 32 kHz.
        text: its words, if they are known.
        seconds: of speech, without the silence around it.
    """

    path: Path
    text: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What is to be learned.

    Attributes:
        recordings: at least one.
        language: of their words.
        epochs: times that each recording is seen; None leaves it to the trainer, also whether
            it is worth learning from at all.
        rank: of the adapters, 0 for full fine-tuning; None leaves it to the trainer.
        stages: which networks learn.
        model: folder of the base model; None is the starter.
        parent: folder of a version's weights to go on from; None is the base model itself.
        denoise: whether to take noise out of the recordings first.
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
    """A recording that the new version is to be prompted with."""

    path: Path
    text: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class VersionFiles:
    """What came of it.

    Attributes:
        weights: files of the version, by the names that they are to have; without any, the base
            model's own speak, with other prompts.
        report: on the data: seconds kept and dropped, and why. Must be JSON.
        metrics: further figures to be shown, such as losses on held-out recordings.
        prompts: what it is prompted with; without any, what the voice was made of.
        evaluation: decides whether the version may speak at once; a version without one is kept,
            and speaks when somebody promotes it.
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
    """Where a trainer tells how it goes."""

    def progress(
        self, step: str, percent: float, losses: Mapping[str, float] | None = None
    ) -> None:
        """Tells how far it is; as often as it likes, not every call is kept.

        Args:
            step: what is being done, such as `slicing` or `acoustic`.
            percent: of the whole job.
            losses: by name.

        Raises:
            Stopped: the work is no longer wanted.
        """

    def message(self, text: str) -> None:
        """Tells something that its caller should know, in one line.

        Raises:
            Stopped: the work is no longer wanted.
        """

    def checkpoint(self) -> None:
        """Says that the folder now holds what an attempt after a crash can go on from.

        Raises:
            Stopped: the work is no longer wanted.
        """


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The work ends before its end, because it was told to."""


class Trainer(Protocol):
    """Learns voices."""

    def train(
        self,
        folder: Path,
        request: TrainingRequest,
        report: Report,
        should_stop: Callable[[], bool],
    ) -> VersionFiles:
        """Learns a voice.

        Args:
            folder: for this attempt alone. After a crash it is a copy of what the attempt before
                had at its last checkpoint, or somewhat later, and the work must go on from there;
                a file that may be half-written must not be relied upon.
            request: what is to be learned; its recordings lie in `folder / "recordings"`.
            report: told how it goes.
            should_stop: asked between steps; if true, `train` must raise `Stopped` within seconds,
                and may leave a checkpoint behind.

        Returns:
            Files anywhere in `folder`; they are copied.

        Raises:
            Stopped: it was told to.
            MynahError: the recordings cannot be learned from; its message says why and what to do.
        """
