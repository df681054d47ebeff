"""`python -m benchmarks.speed`: tokens a second, real-time factors, time to the first sound."""

import argparse
import sys
from pathlib import Path

import torch

from benchmarks.speed.acoustic import real_time_factors
from benchmarks.speed.semantic import tokens_per_second
from benchmarks.speed.streams import answered
from benchmarks.speed.subject import SIZES, subject
from mynah.errors import MynahError

BATCHES = (1, 4, 16)
CALLERS = (1, 2, 4, 8)


def main() -> None:
    """Measures and prints."""
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    models = subject(options.model, options.size)
    what = options.model or f"random weights of {options.size} size"
    print(f"{what}, torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print("semantic stage")
    tokens_per_second(models.gpt, 1, 10)
    for rows in BATCHES:
        speed, reading = tokens_per_second(models.gpt, rows)
        print(f"  batch {rows:2}: {speed:7.1f} tokens/s; prompts read in {reading:.3f} s")
    print("acoustic stage, piece by piece")
    real_time_factors(models.sovits)
    for tokens, factor in real_time_factors(models.sovits).items():
        print(f"  after {tokens:3} tokens: real-time factor {factor:.3f}")
    print("both stages, a sentence of 20 characters for each caller")
    for callers in CALLERS:
        heard = answered(models, callers)
        print(
            f"  {callers} callers: first sound after {heard.first:.3f} s "
            f"(slowest {heard.slowest:.3f} s), real-time factor {heard.factor:.3f}"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.speed", description=__doc__)
    parser.add_argument("--model", type=Path, help="folder of a model; random weights without")
    parser.add_argument("--size", choices=SIZES, default="starter", help="of random weights")
    parser.add_argument("--threads", type=int, help="CPU threads of each stage")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except MynahError as error:
        sys.exit(str(error))
