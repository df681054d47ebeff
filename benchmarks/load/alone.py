"""One caller at a time: how soon the first sound comes, and how much of that is the gateway's."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from urllib.parse import urlsplit

from benchmarks.load.callers import WAV_HEADER
from benchmarks.load.server import VOICE, Served
from mynah.errors import ServerError

_WARM_UP = 3
_PART = re.compile(r";dur=([\d.]+)")


@dataclass(frozen=True, slots=True)
class FirstSound:
    """When the first sound of an answer came.

    Attributes:
        seconds: from the call until the caller had it.
        engine: of these, what the bare engine would take too: to read the text, and to make the
            sound.
    """

    seconds: float
    engine: float


class Alone:
    """The only caller of a server.

    Args:
        served: the server.
    """

    def __init__(self, served: Served) -> None:
        self._http = HTTPConnection(urlsplit(served.url).netloc)
        self._headers = {
            "authorization": f"Bearer {served.secret}",
            "content-type": "application/json",
        }

    def first_sound(self, text: str, form: str, seed: int) -> FirstSound:
        """Has a text spoken, to the end.

        Raises:
            ServerError: there is no speech.
        """
        asked = {"input": text, "voice": VOICE, "response_format": form, "seed": seed}
        body = json.dumps(asked | {"cache": False}).encode()
        began = time.perf_counter()
        self._http.request("POST", "/v1/audio/speech", body, self._headers)
        answer = self._http.getresponse()
        begun = answer.read1()
        seconds = time.perf_counter() - began
        parts = _PART.findall(answer.headers.get("server-timing", ""))
        if answer.status != 200 or len(begun + answer.read()) <= WAV_HEADER:
            raise ServerError(f"The server answered {answer.status} without sound.")
        return FirstSound(seconds, sum(map(float, parts)) / 1000)


def first_sounds(served: Served, text: str, form: str, rounds: int) -> list[FirstSound]:
    """Has a text spoken again and again, with another seed each time, in a format.

    Raises:
        ServerError: the server answers with anything but speech.
    """
    alone = Alone(served)
    return [alone.first_sound(text, form, seed) for seed in range(_WARM_UP + rounds)][_WARM_UP:]


def overhead(measured: Sequence[FirstSound]) -> float:
    """Seconds that the gateway adds: the median of what is not the engine's."""
    return median(each.seconds - each.engine for each in measured)
