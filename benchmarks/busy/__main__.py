"""`python -m benchmarks.busy`: the starter on two cores, alone and beside other busy processes.

Sentences of each subject take turns under each load, so that all figures and ratios are of one
run. `--against` adds another subject: an interpreter of another checkout, settings of the
environment, or both. With `--clients` a server's clients are compared with the engine alone.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from statistics import median

from benchmarks.busy.processes import Busy, SpeakerProcess, free_port, pin, speaking
from benchmarks.busy.subject import Subject
from benchmarks.load.callers import BYTES_PER_SECOND, SPOKEN, crowd
from benchmarks.load.server import serving
from mynah.errors import MynahError

CORES = 2


def main() -> None:
    """Measures what the options ask for and prints it."""
    options = _options()
    pin(CORES)
    subjects = [Subject(), *map(Subject.parse, options.against)]
    with speaking(subjects) as speakers:
        if options.rounds:
            _print_factors(subjects, _factors(speakers, options.rounds, options.loads))
        for each, subject in zip(speakers, subjects, strict=True) if options.clients else ():
            _print_clients(subject, each, options)


def _factors(
    speakers: Sequence[SpeakerProcess], rounds: int, loads: Sequence[int]
) -> Mapping[int, Sequence[Sequence[float]]]:
    """Real-time factors by the number of busy processes, of each round and subject."""
    factors: dict[int, list[list[float]]] = {load: [] for load in loads}
    with closing(Busy(max(loads))) as busy:
        for seed in range(rounds):
            for load in loads:
                with busy.of(load):
                    factors[load].append(_round(speakers, seed))
    return factors


def _round(speakers: Sequence[SpeakerProcess], seed: int) -> list[float]:
    """A sentence of each subject; whoever is first in one round is last in the next."""
    order = list(range(len(speakers)))[:: -1 if seed % 2 else 1]
    factors = {number: speakers[number].one(seed) for number in order}
    return [factors[number] for number in range(len(speakers))]


def _print_factors(
    subjects: Sequence[Subject], factors: Mapping[int, Sequence[Sequence[float]]]
) -> None:
    least, *_ = factors
    rounds = len(factors[least])
    print(f"real-time factor on {CORES} cores, median of {rounds} sentences (least to most)")
    for number, subject in enumerate(subjects):
        print(f"{subject.name}:")
        alone = median(row[number] for row in factors[least])
        for load, rows in factors.items():
            own = [row[number] for row in rows]
            paired = median(row[number] / row[0] for row in rows)
            print(
                f"  beside {load} busy processes: {median(own):.3f} ({min(own):.3f} to "
                f"{max(own):.3f}), {median(own) / alone:.2f} x beside {least}, "
                f"{paired:.3f} x this checkout",
                flush=True,
            )


def _print_clients(subject: Subject, speaker: SpeakerProcess, options: argparse.Namespace) -> None:
    """A server's clients and as many callers of the bare engine, in turn."""
    alone, served = [], []
    with serving(None, free_port(), subject.python, subject.whole_environment) as server:
        for _ in range(options.turns):
            alone.append(speaker.many(options.clients, options.seconds))
            began = time.monotonic()
            heard = asyncio.run(crowd(server, options.clients, options.seconds))
            sound = sum(each.sound for each in heard if each.outcome == SPOKEN)
            served.append(sound / BYTES_PER_SECOND / (time.monotonic() - began))
    print(
        f"{subject.name}: {options.clients} clients {_listed(served)} s of speech a second, the "
        f"engine alone {_listed(alone)}; {median(served) / median(alone):.2f} of it",
        flush=True,
    )


def _listed(figures: Sequence[float]) -> str:
    return ", ".join(f"{figure:.2f}" for figure in figures)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.busy", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="sentences a load (default: 7)")
    parser.add_argument(
        "--loads",
        type=int,
        nargs="+",
        default=[0, 2, 4],
        metavar="PROCESSES",
        help="numbers of busy processes, the least first (default: 0 2 4)",
    )
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="SUBJECT",
        help="an interpreter, NAME=value, or both in one word; may be given again",
    )
    parser.add_argument("--clients", type=int, default=0, help="of a server (default: 0, none)")
    parser.add_argument("--seconds", type=float, default=20, help="of asking (default: 20)")
    parser.add_argument("--turns", type=int, default=2, help="of clients (default: 2)")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except MynahError as error:
        sys.exit(str(error))
