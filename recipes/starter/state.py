"""State of a training, saved atomically, so that it can be stopped at any time."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch


class Stateful(Protocol):
    """A network, an optimizer or a schedule."""

    def state_dict(self) -> dict[str, object]: ...

    def load_state_dict(self, state: dict[str, object], /) -> object: ...


class Progress:
    """The step that a training is at, its checkpoint file and its log."""

    def __init__(self, path: Path, parts: Sequence[Stateful], minutes: float) -> None:
        self.path = path
        self.parts = parts
        self.step = 0
        self.began = time.time()
        self.minutes = minutes
        if path.exists():
            state = torch.load(path, weights_only=True, map_location="cpu")
            for part, saved in zip(parts, state["parts"], strict=True):
                part.load_state_dict(saved)
            self.step = state["step"]

    @property
    def out_of_time(self) -> bool:
        """True if the minutes given to this call are over."""
        return time.time() - self.began > self.minutes * 60

    def advance(self, report: dict[str, float], log_every: int = 50, save_every: int = 100) -> bool:
        """Counts a step, logs and saves when due; says whether it saved."""
        self.step += 1
        if self.step % log_every == 0:
            words = " ".join(f"{name} {value:.3f}" for name, value in report.items())
            print(f"{self.step:6d} {time.time() - self.began:6.0f} s  {words}", flush=True)
        if self.step % save_every:
            return False
        self.save()
        return True

    def save(self) -> None:
        """Replaces the checkpoint file."""
        partial = self.path.with_suffix(".partial")
        state = {"step": self.step, "parts": [part.state_dict() for part in self.parts]}
        torch.save(state, partial)
        partial.replace(self.path)
