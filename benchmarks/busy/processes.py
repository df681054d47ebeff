"""Processes beside each other on the same cores: those that speak, and those that are busy."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.busy.subject import Subject
from mynah.errors import ServerError

_SCRIPT = Path(__file__).with_name("speaker.py")


class SpeakerProcess:
    """A process of `speaker.py`.

    Args:
        process: with pipes.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def wait(self) -> None:
        """Wait until it is ready.

        Raises:
            ServerError: it ended.
        """
        if self._answer() != "ready":
            raise ServerError("The process that is to speak did not start; see its error above.")

    def one(self, seed: int) -> float:
        """See `SpeakCaller.one`."""
        return self._ask(f"one {seed}")

    def many(self, callers: int, seconds: float) -> float:
        """See `SpeakCaller.many`."""
        return self._ask(f"many {callers} {seconds}")

    def _ask(self, what: str) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def speaking(subjects: Sequence[Subject]) -> Iterator[list[SpeakerProcess]]:
    """A process that is ready to speak for each subject."""
    with ExitStack() as ended:
        speakers = []
        for subject in subjects:
            process = subprocess.Popen(
                [subject.python, str(_SCRIPT)],
                env=subject.whole_environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            ended.callback(process.wait)
            ended.callback(process.kill)
            speakers.append(SpeakerProcess(process))
        for each in speakers:
            each.wait()
        yield speakers


class Busy:
    """Processes that take all they get of the cores while they are let.

    Args:
        number: how many.
    """

    def __init__(self, number: int) -> None:
        command = [sys.executable, "-c", "while True: pass"]
        self._processes = [subprocess.Popen(command) for _ in range(number)]
        self._signal(self._processes, signal.SIGSTOP)

    @contextmanager
    def of(self, number: int) -> Iterator[None]:
        """So many of them are busy."""
        self._signal(self._processes[:number], signal.SIGCONT)
        try:
            yield
        finally:
            self._signal(self._processes[:number], signal.SIGSTOP)

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            process.kill()
            process.wait()

    @staticmethod
    def _signal(processes: Sequence[subprocess.Popen[bytes]], number: int) -> None:
        for process in processes:
            os.kill(process.pid, number)


def pin(cores: int) -> None:
    """Restrict this process, and those that it starts, to the first cores that it may use."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
