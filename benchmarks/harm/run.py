"""One training by `mynah train`, as a user orders it, in a data folder of its own."""

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import soundfile

from benchmarks.harm.cases import Case
from benchmarks.harm.people import RATE
from mynah.server.versions.publishing import KEPT

Outcome = Literal["refused", "kept", "promoted"]


@dataclass(frozen=True, slots=True)
class Result:
    """Outcome of a training.

    Attributes:
        case: its name.
        outcome: `refused` made no version, `kept` one that is not promoted.
        reason: why it was not promoted.
        metrics: measured of the version.
        seconds: that it took.
    """

    case: str
    outcome: Outcome
    reason: str
    metrics: dict[str, float]
    seconds: float


def train(case: Case) -> Result:
    """Train, and read the outcome from the command's output and exit code."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "mynah", "train", *_recordings(case, Path(folder))]
        command += ["--name", "person", "--language", case.language, *case.options]
        environment = os.environ | {"MYNAH_DATA": str(Path(folder) / "data")}
        began = time.monotonic()
        ended = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - began
    lines = ended.stderr.strip().splitlines()
    if ended.returncode:
        return Result(case.name, "refused", lines[-1] if lines else "", {}, seconds)
    kept = [line for line in lines if line.startswith(KEPT)]
    return Result(
        case.name,
        "kept" if kept else "promoted",
        kept[-1].removeprefix(KEPT).strip() if kept else "",
        _metrics(ended.stdout),
        seconds,
    )


def _recordings(case: Case, folder: Path) -> list[str]:
    arguments = []
    for number, clip in enumerate(case.clips):
        path = folder / f"{number:02}.flac"
        soundfile.write(path, clip.wave, RATE)
        arguments.append(str(path))
        if clip.text is not None:
            arguments += ["--text", clip.text]
    return arguments


def _metrics(line: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"(\w+) (-?[\d.]+)(?=  |$)", line)}
