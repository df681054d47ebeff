"""`python -m benchmarks.load`: time to first audio, then many callers at once, and the memory."""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

from benchmarks.load.alone import from_the_engine, overhead, through_the_gateway
from benchmarks.load.callers import Heard, crowd
from benchmarks.load.server import Served, serving
from mynah.errors import MynahError

_BYTES_PER_SECOND = 2 * 32_000


def main() -> None:
    """Measures what the options ask for and prints it, line by line."""
    options = _options()
    with serving(options.model, options.port) as served:
        began = served.memory()
        gateway = asyncio.run(through_the_gateway(served, options.rounds))
        engine = from_the_engine(options.model, options.rounds)
        print(f"one client, time to first audio: {_spread(gateway)}")
        print(f"bare engine, time to first audio: {_spread(engine)}")
        print(f"gateway overhead, median: {1000 * overhead(gateway, engine):.1f} ms")
        print(f"memory when ready: {began >> 20} MiB")
        print(f"memory at the start of the load: {served.memory() >> 20} MiB")
        asyncio.run(_load(served, options.clients, options.seconds))
        print(f"memory at the end: {served.memory() >> 20} MiB")


async def _load(served: Served, clients: int, seconds: float) -> None:
    began = time.monotonic()
    calls = asyncio.create_task(crowd(served, clients, seconds))
    await asyncio.sleep(seconds / 2)
    middle = await asyncio.to_thread(served.memory)
    heard = await calls
    took = time.monotonic() - began
    spoken = [each for each in heard if each.outcome == "200"]
    print(f"{clients} clients for {seconds:g} s, the last answer after {took:.0f} s")
    for outcome, number in sorted(Counter(each.outcome for each in heard).items()):
        print(f"  {outcome}: {number}")
    print(f"time to first audio: {_spread([each.first_audio or 0 for each in spoken])}")
    print(f"time to the end: {_spread([each.whole for each in spoken])}")
    print(f"speech a second: {_sound(spoken) / took:.2f} s")
    print(f"memory in the middle: {middle >> 20} MiB")


def _sound(spoken: Sequence[Heard]) -> float:
    return sum(each.sound for each in spoken) / _BYTES_PER_SECOND


def _spread(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return "too few to tell"
    cuts = quantiles(seconds, n=100, method="inclusive")
    told = {"median": cuts[49], "90 %": cuts[89], "99 %": cuts[98], "most": max(seconds)}
    return ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in told.items())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.load", description=__doc__)
    parser.add_argument("--clients", type=int, default=64, help="callers at once (default: 64)")
    parser.add_argument("--seconds", type=float, default=120, help="of asking (default: 120)")
    parser.add_argument("--rounds", type=int, default=20, help="calls of one client (default: 20)")
    parser.add_argument("--model", type=Path, help="folder of a model; the starter without it")
    parser.add_argument("--port", type=int, default=8765, help="of the server (default: 8765)")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except MynahError as error:
        sys.exit(str(error))
