"""`python -m benchmarks.uploads`: broken recordings over every protocol of a real server.

It ends with status 1 if a door failed, if an upload before was heard, or if memory grew beyond
one and a half of what honest recordings take, the largest and some that are spoken with.
"""

import argparse
import io
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httpx
import numpy as np
import soundfile
import soxr

from benchmarks.load.server import Served, serving
from benchmarks.uploads.broken import Broken, broken_recordings
from benchmarks.uploads.doors import Answer, Doors
from benchmarks.uploads.sounds import RATE, encoded, is_heard, noise

_KEPT_RATE = 32_000
_EVERY = {"api_v2": 5, "mynah say": 100}
"""Doors that take a second or more speak with one of so many recordings."""
_MARKED_EVERY = 25
_HONEST_REFERENCES = 10
_MOST_GROWTH = 1.5


@dataclass(slots=True)
class Tally:
    """Measurements of one protocol."""

    codes: Counter[int] = field(default_factory=Counter)
    heard: int = 0
    slowest: float = 0.0
    slowest_refusal: float = 0.0


def main() -> int:
    """Send, count and print."""
    options = _options()
    with _running(options.port) as (served, doors):
        _send_honest(doors)
        honest = _peak(served)
        _reset_peak(served)
        tallies = _send_broken(doors, options.number, options.seed)
        peak = _peak(served)
    print(f"{'door':16} {'2xx':>6} {'4xx':>6} {'5xx':>6} {'heard':>6} {'slowest refusal':>16}")
    for name, each in tallies.items():
        by = [sum(n for code, n in each.codes.items() if code // 100 == k) for k in (2, 4, 5)]
        print(
            f"{name:16} {by[0]:6} {by[1]:6} {by[2]:6} {each.heard:6} {each.slowest_refusal:14.2f} s"
        )
    print(f"peak memory: {honest >> 20} MiB with honest recordings, {peak >> 20} MiB with these")
    failed = any(code >= 500 for each in tallies.values() for code in each.codes)
    heard = any(each.heard for each in tallies.values())
    return int(failed or heard or peak > _MOST_GROWTH * honest)


def _send_honest(doors: Doors) -> None:
    """Five minutes as MP3 and FLAC in stereo, as much WAV as is taken, and a reference to speak."""
    second = np.tile(noise(1, 1.0).repeat(3)[:, None], (1, 2))
    for kind, seconds in (("MP3", 299), ("FLAC", 70), ("WAV", 54)):
        file = io.BytesIO()
        with soundfile.SoundFile(file, "w", 48_000, 2, format=kind) as opened:
            for _ in range(seconds):
                opened.write(second)
        for name in ("http", "grpc"):
            answer = doors.all()[name](file.getvalue()[: 10 << 20])
            print(f"largest {kind} through {name}: {answer.code} {answer.text}")
            _forget(doors, answer)
    for number in range(_HONEST_REFERENCES):
        length = 3 + 7 * number / _HONEST_REFERENCES
        answer = doors.all()["api_v2"](encoded(noise(number, length), "WAV/PCM_16"))
        print(f"reference of {length:.1f} s: {answer.code} {answer.text}")


def _send_broken(doors: Doors, number: int, seed: int) -> dict[str, Tally]:
    marker = noise(seed + 1_000, 4.0)
    planted = encoded(marker, "WAV/PCM_16")
    kept = soxr.resample(marker, RATE, _KEPT_RATE)
    tallies = {name: Tally() for name in doors.all()}
    for n, broken in enumerate(broken_recordings(number, seed)):
        if n % _MARKED_EVERY == 0:
            _forget(doors, doors.all()["http"](planted))
        for name, door in doors.all().items():
            if n % _EVERY.get(name, 1) == 0:
                began = time.monotonic()
                answer = door(broken.data)
                _count(tallies[name], answer, time.monotonic() - began, name, broken)
                tallies[name].heard += is_heard(kept, _sound(doors, answer))
                _forget(doors, answer)
        if n % 100 == 99:
            print(f"{n + 1} of {number}", file=sys.stderr, flush=True)
    return tallies


def _count(tally: Tally, answer: Answer, took: float, door: str, broken: Broken) -> None:
    tally.codes[answer.code] += 1
    if answer.code >= 400:
        tally.slowest_refusal = max(tally.slowest_refusal, took)
    if answer.code >= 500:
        print(f"{door}, {broken.way}, {len(broken.data)} bytes: {answer.code} {answer.text}")


def _sound(doors: Doors, answer: Answer) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    if answer.samples is not None:
        return answer.samples
    if answer.voice is None:
        return np.zeros(0, np.float32)
    preview = doors.http.get(f"/v1/voices/{answer.voice}/preview").content
    samples: np.ndarray[tuple[int], np.dtype[np.float32]]
    samples, _ = soundfile.read(io.BytesIO(preview), dtype="float32")
    return samples


def _forget(doors: Doors, answer: Answer) -> None:
    if answer.voice is not None:
        doors.http.delete(f"/v1/voices/{answer.voice}")


def _peak(served: Served) -> int:
    status = Path(f"/proc/{served.process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _reset_peak(served: Served) -> None:
    Path(f"/proc/{served.process}/clear_refs").write_text("5")


@contextmanager
def _running(port: int) -> Iterator[tuple[Served, Doors]]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "MYNAH_GRPC_PORT": str(port + 1),
            "MYNAH_GPT_SOVITS_REFERENCES": folder,
            "MYNAH_UPLOAD_KINDS": '["wav", "mp3", "flac", "ogg"]',
            "MYNAH_FETCH_HOSTS": '["127.0.0.1"]',
            "MYNAH_FETCH_SCHEMES": '["http"]',
            "MYNAH_FETCH_NETWORKS": '["127.0.0.1/32"]',
        }
        with serving(None, port) as served:
            # ElevenLabs' clients send the second.
            headers = {"authorization": f"Bearer {served.secret}", "xi-api-key": served.secret}
            options = [("grpc.max_send_message_length", -1)]
            with (
                httpx.Client(base_url=served.url, headers=headers, timeout=120) as http,
                grpc.insecure_channel(f"127.0.0.1:{port + 1}", options) as channel,
            ):
                yield served, Doors(http, channel, served.secret, Path(folder))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.uploads", description=__doc__)
    parser.add_argument("--number", type=int, default=2_000, help="recordings")
    parser.add_argument("--seed", type=int, default=7, help="of what is done to them")
    parser.add_argument("--port", type=int, default=8_471, help="of the server; gRPC has the next")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
