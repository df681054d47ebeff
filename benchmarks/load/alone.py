"""One caller at a time: how soon the first sound comes, and how much of that is the gateway's."""

import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from benchmarks.load.callers import WAV_HEADER
from benchmarks.load.server import VOICE
from benchmarks.load.side_by_side import serve_side_by_side
from mynah.errors import ServerError

_WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds to the first sound of the same speech.

    Attributes:
        gateway: over HTTP.
        engine: from the bare engine in the same process.
    """

    gateway: float
    engine: float


class Alone:
    """The only caller of a server that lends its engine out, too.

    Args:
        pipe: to `serve_side_by_side`.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        port, self._secret = pipe.recv()
        self._http = HTTPConnection("127.0.0.1", port)

    def gateway(self, text: str, seed: int) -> float:
        """Seconds to the first sound over HTTP.

        Raises:
            ServerError: there is none.
        """
        asked = {"input": text, "voice": VOICE, "response_format": "wav", "seed": seed}
        body = json.dumps(asked | {"cache": False}).encode()
        headers = {
            "authorization": f"Bearer {self._secret}",
            "content-type": "application/json",
        }
        began = time.perf_counter()
        self._http.request("POST", "/v1/audio/speech", body, headers)
        answer = self._http.getresponse()
        begun = answer.read1()
        took = time.perf_counter() - began
        if answer.status != 200 or len(begun + answer.read()) <= WAV_HEADER:
            raise ServerError(f"The server answered {answer.status} without sound.")
        return took

    def engine(self, text: str, seed: int) -> float:
        """Seconds to the first sound of the bare engine."""
        self._pipe.send((text, seed))
        seconds: float = self._pipe.recv()
        return seconds

    def pair(self, text: str, seed: int) -> Pair:
        """Both, and which goes first is another one with the next seed."""
        if seed % 2:
            engine = self.engine(text, seed)
            return Pair(self.gateway(text, seed), engine)
        return Pair(self.gateway(text, seed), self.engine(text, seed))


def pairs(model: Path | None, text: str, rounds: int) -> list[Pair]:
    """Has a text spoken with the seeds from 0, over HTTP and by the bare engine in turns.

    Args:
        model: folder of the model; None is the starter.
        text: what is said.
        rounds: number of pairs.

    Raises:
        ServerError: the server does not start, or answers with anything but speech.
    """
    with serving_side_by_side(model) as pipe:
        alone = Alone(pipe)
        for seed in range(_WARM_UP):
            alone.pair(text, seed)
        return [alone.pair(text, seed) for seed in range(rounds)]


@contextmanager
def serving_side_by_side(model: Path | None) -> Iterator[Connection]:
    """A pipe to `serve_side_by_side`, which runs as long as the context is open.

    Raises:
        ServerError: it ends.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as data:
        process = context.Process(target=serve_side_by_side, args=(theirs, model, Path(data)))
        process.start()
        theirs.close()
        try:
            yield ours
        except (EOFError, OSError):
            raise ServerError("The server ended; run `mynah serve` to see why.") from None
        finally:
            process.terminate()
            process.join()


def overhead(measured: Sequence[Pair]) -> float:
    """Seconds that the gateway adds: the median of the differences."""
    return median(each.gateway - each.engine for each in measured)
