"""One caller at a time: time to the first audio, and gaps in the rest."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from urllib.parse import urlsplit

from benchmarks.load.callers import BYTES_PER_SECOND, WAV_HEADER
from benchmarks.load.server import VOICE, Served
from mynah.errors import ServerError

_WARM_UP = 3
_PART = re.compile(r";dur=([\d.]+)")


@dataclass(frozen=True, slots=True)
class FirstSound:
    """Time to the first audio of a response, and gaps in the rest.

    Attributes:
        seconds: from the call until the caller had it.
        engine: of these, what the bare engine would take too: to read the text, and to make the
            sound.
        silence: seconds for which somebody who plays it at once would have to wait for more, if it
            is WAV, whose bytes tell how long they play.
    """

    seconds: float
    engine: float
    silence: float


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
        """Request a text, and read the response to its end.

        Raises:
            ServerError: there is no speech.
        """
        asked = {"input": text, "voice": VOICE, "response_format": form, "seed": seed}
        body = json.dumps(asked | {"cache": False}).encode()
        began = time.perf_counter()
        self._http.request("POST", "/v1/audio/speech", body, self._headers)
        answer = self._http.getresponse()
        arrivals = []
        while data := answer.read1():
            arrivals.append((time.perf_counter() - began, len(data)))
        parts = _PART.findall(answer.headers.get("server-timing", ""))
        if answer.status != 200 or sum(size for _, size in arrivals) <= WAV_HEADER:
            raise ServerError(f"The server answered {answer.status} without sound.")
        return FirstSound(arrivals[0][0], sum(map(float, parts)) / 1000, silence(arrivals))


def silence(arrivals: Sequence[tuple[float, int]]) -> float:
    """Seconds between the first and the last audio of a WAV in which a player has none left.

    Args:
        arrivals: when bytes came, and how many.
    """
    silent, played = 0.0, arrivals[0][0]
    for came, size in arrivals:
        silent += max(0.0, came - played)
        played = max(came, played) + size / BYTES_PER_SECOND
    return silent


def first_sounds(served: Served, text: str, form: str, rounds: int) -> list[FirstSound]:
    """Request a text again and again, with another seed each time, in a format.

    Raises:
        ServerError: the server answers with anything but speech.
    """
    alone = Alone(served)
    return [alone.first_sound(text, form, seed) for seed in range(_WARM_UP + rounds)][_WARM_UP:]


def overhead(measured: Sequence[FirstSound]) -> float:
    """Seconds that the gateway adds: the median of what is not the engine's."""
    return median(each.seconds - each.engine for each in measured)
