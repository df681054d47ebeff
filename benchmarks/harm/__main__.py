"""`python -m benchmarks.harm`: trainings that harm, by `mynah train`, and honest ones beside them.

Exit code 1 if any training that harms is promoted. Each takes minutes. Without `--recordings` they
are of the bundled samples, each repeated for a minute, from which no honest training gains.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.harm.cases import Case, harmful, honest
from benchmarks.harm.people import bundled, read_people
from benchmarks.harm.run import Result, train
from mynah.errors import MynahError


def main() -> None:
    """Train, print and judge."""
    options = _options()
    people = read_people(options.recordings) if options.recordings else bundled()
    harms = list(_trained(_chosen(harmful(people), options.only)))
    kind = list(_trained(_chosen(honest(people[: options.honest]), options.only)))
    promoted = sum(result.outcome == "promoted" for result in harms)
    print(f"\n{promoted} of {len(harms)} trainings that harm were promoted.")
    print(f"{sum(each.outcome == 'promoted' for each in kind)} of {len(kind)} honest ones were.")
    sys.exit(1 if promoted else 0)


def _trained(cases: Iterable[Case]) -> Iterator[Result]:
    for case in cases:
        result = train(case)
        print(f"| {case.name} | {result.outcome} | {_figures(result.metrics)} | {result.reason} |")
        print(f"{case.name}: {result.seconds:.0f} s", file=sys.stderr)
        sys.stdout.flush()
        yield result


def _figures(metrics: dict[str, float]) -> str:
    after = {name: value for name, value in metrics.items() if not name.endswith("_before")}
    changes = (
        f"{name} {metrics.get(f'{name}_before', 0):.3f} → {after[name]:.3f}" for name in after
    )
    return ", ".join(changes) or "–"


def _chosen(cases: Iterable[Case], only: str) -> Iterator[Case]:
    return (case for case in cases if only in case.name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.harm", description=__doc__)
    parser.add_argument(
        "--recordings",
        type=Path,
        help="folder with metadata.jsonl (file, text, lang, speaker) and a minute of an English "
        "and of a Mandarin speaker at least",
    )
    parser.add_argument("--honest", type=int, default=2, help="honest trainings (default: 2)")
    parser.add_argument("--only", default="", help="cases whose names have this in them")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except MynahError as error:
        sys.exit(str(error))
