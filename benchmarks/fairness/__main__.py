"""`python -m benchmarks.fairness`: first audio of owner B beside each attack of owner A.

A real server with the starter. For every attack: the median first audio of B alone and beside it,
and how many of B's calls were refused with 503. It ends with status 1 if a bar is not held.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.fairness.attacks import ATTACKS, Attack
from benchmarks.load.callers import Heard, connection, hear
from benchmarks.load.server import Served, serving
from mynah.errors import MynahError

MOST_RATIO = 2.0
REFUSED = "503"
_TEXT = "The train is at nine."
_GROW_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Measured:
    """The calls of one owner alone, and beside another one's attack."""

    alone: Sequence[Heard]
    beside: Sequence[Heard]

    @property
    def refused(self) -> int:
        """Calls that were answered with 503."""
        return sum(each.outcome.startswith(REFUSED) for each in self.beside)

    @property
    def ratio(self) -> float:
        """Median first audio beside the attack, to that alone."""
        return _median(self.beside) / _median(self.alone)

    def row(self, name: str) -> str:
        """A row of a table in Markdown."""
        alone, beside = (f"{1000 * _median(each):.0f} ms" for each in (self.alone, self.beside))
        return f"| {name} | {alone} | {beside} | {self.ratio:.2f} x | {self.refused} |"


async def measure(
    attack: Attack,
    number: int,
    attacker: Served,
    other: Served,
    calls: int,
    grow_seconds: float = _GROW_SECONDS,
) -> Measured:
    """Measure an owner's calls before an attack of another one, and beside it.

    Args:
        attack: of `attacks`.
        number: of its connections.
        attacker: the server, with a key of the owner who attacks.
        other: the same server, with a key of the owner who is measured.
        calls: one after the other, each time.
        grow_seconds: that the attack goes on before the calls.
    """
    alone = await _calls(other, calls)
    attacking = asyncio.ensure_future(attack(attacker, number))
    try:
        await asyncio.sleep(grow_seconds)
        beside = await _calls(other, calls)
        if attacking.done():
            attacking.result()
            raise RuntimeError("The attack ended before the calls did.")
    finally:
        attacking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await attacking
    return Measured(alone, beside)


def main() -> int:
    """Measures and prints, row by row."""
    options = _options()
    print("| attack | alone | beside it | ratio | 503 |\n|---|---|---|---|---|", flush=True)
    well = True
    for name in options.attacks:
        attack, number = ATTACKS[name]
        # A server each, since what one attack has left in the queues is not the next one's.
        with serving(None, options.port) as served:
            other = served.of_owner("other")
            asyncio.run(_calls(other, 4))  # warm
            measured = asyncio.run(measure(attack, number, served, other, options.calls))
        print(measured.row(f"{number} {name}"), flush=True)
        well &= measured.ratio <= MOST_RATIO and not measured.refused
    return 0 if well else 1


async def _calls(served: Served, number: int) -> Sequence[Heard]:
    async with connection(served) as client:
        return [await hear(client, _TEXT, seed=seed, cache=False) for seed in range(number)]


def _median(heard: Sequence[Heard]) -> float:
    """Median first audio; a call without any never had it."""
    return statistics.median(
        float("inf") if each.first_audio is None else each.first_audio for each in heard
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.fairness", description=__doc__)
    parser.add_argument("--attacks", nargs="*", default=list(ATTACKS), choices=list(ATTACKS))
    parser.add_argument("--calls", type=int, default=9, help="of the other owner (default: 9)")
    parser.add_argument("--port", type=int, default=8767, help="of the server (default: 8767)")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MynahError as error:
        sys.exit(str(error))
