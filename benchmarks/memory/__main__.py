"""`python -m benchmarks.memory`: resident memory while long texts are spoken at random speeds.

Every speed gives the decoder other lengths, for each of which oneDNN prepares code and keeps it.
`--primitives` bounds how many it keeps (`ONEDNN_PRIMITIVE_CACHE_CAPACITY`).
"""

import argparse
import asyncio
import os
import random
import sys
from collections.abc import Sequence

from benchmarks.load.callers import BYTES_PER_SECOND, Heard, connection, hear
from benchmarks.load.server import Served, serving
from mynah.errors import MynahError

TEXT = "It was late, and the rain had not stopped since the morning of that day. " * 56
"""Of 4 kB."""
SPEEDS = (0.7, 1.5)


def main() -> int:
    """Measures and prints, round by round; ends with status 1 if a call failed."""
    options = _options()
    environment = dict(os.environ)
    if options.primitives:
        environment["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = str(options.primitives)
    drawing, well = random.Random(0), True
    with serving(None, options.port, environment=environment) as served:
        print("| round | resident memory | speech |\n|---|---|---|", flush=True)
        print(f"| ready | {served.memory() >> 20} MiB | |", flush=True)
        for number in range(1, options.rounds + 1):
            speeds = [round(drawing.uniform(*SPEEDS), 3) for _ in range(options.callers)]
            heard = asyncio.run(_round(served, speeds))
            well &= all(each.outcome == "200" for each in heard)
            speech = sum(each.sound for each in heard) / BYTES_PER_SECOND
            print(f"| {number} | {served.memory() >> 20} MiB | {speech:.0f} s |", flush=True)
    return 0 if well else 1


async def _round(served: Served, speeds: Sequence[float]) -> Sequence[Heard]:
    async with connection(served) as client:
        calls = (hear(client, TEXT, speed=speed, cache=False) for speed in speeds)
        return await asyncio.gather(*calls)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.memory", description=__doc__)
    parser.add_argument("--callers", type=int, default=6, help="at a time (default: 6)")
    parser.add_argument("--rounds", type=int, default=3, help="of calls (default: 3)")
    parser.add_argument("--primitives", type=int, help="that oneDNN keeps (default: its own)")
    parser.add_argument("--port", type=int, default=8768, help="of the server (default: 8768)")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MynahError as error:
        sys.exit(str(error))
