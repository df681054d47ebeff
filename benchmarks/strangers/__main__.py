"""`python -m benchmarks.strangers`: 64 connections without a key that send 100 MiB each.

For every protocol: memory above that of the idle server, files that are left, and the first audio
of an honest caller meanwhile beside that before. Then the lag of the event loop under inputs of a
caller with a key. It ends with status 1 if a bar is not held.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.load.callers import connection, hear
from benchmarks.load.memory import read_memory
from benchmarks.load.server import Served, serving
from benchmarks.strangers.floods import KINDS
from benchmarks.strangers.inputs import INPUTS
from benchmarks.strangers.lag import longest, read_lag
from mynah.errors import MynahError

MOST_MEMORY = 64 << 20
MOST_RATIO = 1.5
MOST_LAG = 0.05
_TEXT = "The train is at nine."
_SETTLE_SECONDS = 0.2


def main() -> int:
    """Measures and prints, line by line."""
    options = _options()
    environment = {**os.environ, "MYNAH_GRPC_PORT": str(options.grpc_port)}
    with serving(None, options.port, environment=environment) as served:
        asyncio.run(_first_audio(served, 10))
        print(f"memory when idle: {served.memory() >> 20} MiB", flush=True)
        well = [asyncio.run(_flooded(served, kind, options)) for kind in options.kinds]
        if not options.no_inputs:
            well += [_lag(served, name) for name in INPUTS]
    return 0 if all(well) else 1


async def _flooded(served: Served, kind: str, options: argparse.Namespace) -> bool:
    before = await _first_audio(served, options.calls)
    idle = served.memory()
    lag = read_lag(served)
    flood = await asyncio.create_subprocess_exec(*_flood(kind, options), stdout=subprocess.PIPE)
    await asyncio.sleep(1)
    calls = asyncio.create_task(_first_audio(served, options.calls))
    readings = await read_memory(served.memory, 0.05, asyncio.gather(calls, flood.wait()))
    out, _ = await flood.communicate()
    await asyncio.sleep(_SETTLE_SECONDS)
    grown = max(each.resident for each in readings) - idle
    ratio = statistics.median(calls.result()) / statistics.median(before)
    left = _files(served)
    print(
        f"{kind}: {int(out) >> 20} MiB offered, memory {grown / (1 << 20):+.0f} MiB, "
        f"files left {left}, first audio {_median(before)} before, "
        f"{_median(calls.result())} meanwhile "
        f"({ratio:.2f} x), loop lag up to {1000 * longest(lag, read_lag(served)):.0f} ms",
        flush=True,
    )
    return grown <= MOST_MEMORY and ratio <= MOST_RATIO and left == 0


def _flood(kind: str, options: argparse.Namespace) -> Sequence[str]:
    module = ["-m", "benchmarks.strangers.floods", kind, "--seconds", str(options.seconds)]
    return [sys.executable, *module, "--port", str(options.port), "--grpc", str(options.grpc_port)]


def _lag(served: Served, name: str) -> bool:
    before = read_lag(served)
    INPUTS[name](served)
    time.sleep(_SETTLE_SECONDS)
    lag = longest(before, read_lag(served))
    print(f"loop lag, {name}: up to {1000 * lag:.0f} ms", flush=True)
    return lag <= MOST_LAG


async def _first_audio(served: Served, calls: int) -> list[float]:
    """Seconds to the first audio of one call after the other."""
    async with connection(served) as client:
        heard = [await hear(client, _TEXT, seed=number, cache=False) for number in range(calls)]
    return [each.first_audio for each in heard if each.first_audio is not None]


def _files(served: Served) -> int:
    """Temporary files that the server still holds."""
    found = 0
    for entry in Path(f"/proc/{served.process}/fd").iterdir():
        target = str(entry.readlink())
        found += "(deleted)" in target and "/tmp" in target
    return found


def _median(seconds: Sequence[float]) -> str:
    return f"{1000 * statistics.median(seconds):.0f} ms"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.strangers", description=__doc__)
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS)
    parser.add_argument("--seconds", type=float, default=8, help="of each flood (default: 8)")
    parser.add_argument("--calls", type=int, default=10, help="of the honest caller (default: 10)")
    parser.add_argument("--no-inputs", action="store_true", help="floods alone")
    parser.add_argument("--port", type=int, default=8765, help="of the server (default: 8765)")
    parser.add_argument("--grpc-port", type=int, default=8766, help="of gRPC (default: 8766)")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MynahError as error:
        sys.exit(str(error))
