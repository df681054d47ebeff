"""`python -m benchmarks.load`: time to first audio, then many callers at once, and the memory.

It ends with status 1 if an answer was not as it should be, or if memory grew.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

from benchmarks.load.alone import first_sounds, overhead
from benchmarks.load.callers import BUSY, BYTES_PER_SECOND, SPOKEN, TEXTS, Heard, crowd
from benchmarks.load.memory import Reading, growth, is_flat, read_memory
from benchmarks.load.server import Served, serving
from mynah.errors import MynahError

_READINGS = 24
_FORMATS = ("wav", "mp3")


def main() -> int:
    """Measures what the options ask for and prints it, line by line; whether all was well."""
    options = _options()
    with serving(options.model, options.port) as served:
        print(f"memory when ready: {served.memory() >> 20} MiB")
        for form in _FORMATS:
            _one(served, form, options.rounds)
        well = asyncio.run(_many(served, options.clients, options.seconds))
    return 0 if well else 1


def _one(served: Served, form: str, rounds: int) -> None:
    measured = first_sounds(served, TEXTS[0], form, rounds)
    low, _, high = quantiles(each.seconds - each.engine for each in measured)
    print(f"one client, {form}, first audio: {_spread([each.seconds for each in measured])}")
    print(f"  of which the engine: {_spread([each.engine for each in measured])}")
    print(
        f"  of which the gateway, median of {rounds} calls: {1000 * overhead(measured):.1f} ms "
        f"(half of them from {1000 * low:.1f} to {1000 * high:.1f} ms)",
        flush=True,
    )
    if form == "wav":
        print(f"  breaks while it plays: {_spread([each.silence for each in measured])}")


async def _many(served: Served, clients: int, seconds: float) -> bool:
    began = time.monotonic()
    calls = asyncio.create_task(crowd(served, clients, seconds))
    every = max(1, seconds / _READINGS)
    readings = await read_memory(served.memory, every, calls)
    print(f"{clients} clients for {seconds:g} s, the last answer after {_since(began):.0f} s")
    as_expected = _print_calls(calls.result(), _since(began))
    _print_memory(readings)
    return as_expected and is_flat(readings)


def _print_calls(heard: Sequence[Heard], took: float) -> bool:
    """Print the outcomes of the calls; return True if each was answered as it should be."""
    outcomes = Counter(each.outcome for each in heard)
    for outcome, number in sorted(outcomes.items()):
        print(f"  {outcome}: {number}")
    spoken = [each for each in heard if each.outcome == SPOKEN]
    print(f"time to first audio: {_spread([each.first_audio or 0 for each in spoken])}")
    print(f"time to the end: {_spread([each.whole for each in spoken])}")
    sound = sum(each.sound for each in spoken) / BYTES_PER_SECOND
    print(f"speech a second: {sound / took:.2f} s")
    wrong = outcomes.keys() - {SPOKEN, *BUSY}
    print(f"answers: {'wrong, ' + ', '.join(sorted(wrong)) if wrong else 'all as they should be'}")
    return bool(spoken) and not wrong


def _print_memory(readings: Sequence[Reading]) -> None:
    shown = ", ".join(f"{each.second:.0f} s {each.resident >> 20}" for each in readings)
    print(f"memory, MiB: {shown}")
    verdict = "flat" if is_flat(readings) else "it GROWS"
    print(f"memory in the second half: {growth(readings) / (1 << 20):+.1f} MiB, {verdict}")


def _since(began: float) -> float:
    return time.monotonic() - began


def _spread(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return "too few to tell"
    cuts = quantiles(seconds, n=100, method="inclusive")
    shown = {"median": cuts[49], "90 %": cuts[89], "99 %": cuts[98], "most": max(seconds)}
    return ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in shown.items())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.load", description=__doc__)
    parser.add_argument("--clients", type=int, default=64, help="callers at once (default: 64)")
    parser.add_argument("--seconds", type=float, default=120, help="of asking (default: 120)")
    parser.add_argument("--rounds", type=int, default=40, help="calls of one client (default: 40)")
    parser.add_argument("--model", type=Path, help="folder of a model; the starter without it")
    parser.add_argument("--port", type=int, default=8765, help="of the server (default: 8765)")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MynahError as error:
        sys.exit(str(error))
