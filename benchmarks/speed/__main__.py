"""`python -m benchmarks.speed`: tokens a second, real-time factors, time to the first sound."""

import argparse
import sys
from pathlib import Path

import torch

from benchmarks.speed.acoustic import real_time_factors
from benchmarks.speed.reference import reference_tokens_per_second
from benchmarks.speed.semantic import SHORT, sentences_per_second, tokens_per_second
from benchmarks.speed.stage import stage_of
from benchmarks.speed.streams import answered
from benchmarks.speed.subject import SIZES, subject
from mynah.engine.models import Models
from mynah.errors import MynahError
from mynah.runtime.threads import run_in_temporary_thread

BATCHES = (1, 4, 16, 64)
CALLERS = (1, 2, 4, 8, 16, 32)


def main() -> None:
    """Measures and prints."""
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    models = run_in_temporary_thread(subject, options.model, options.size)
    what = options.model or f"random weights of {options.size} size"
    print(f"{what}, torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print(f"semantic stage, {'8-bit' if models.packed else 'float32'} weights")
    run_in_temporary_thread(reference_tokens_per_second, models.gpt, 3)
    reference = run_in_temporary_thread(reference_tokens_per_second, models.gpt)
    print(f"  plain reference loop in float32: {reference:.1f} tokens/s")
    with stage_of(models.step_threads) as stage:
        stage.submit(_print_semantic, models, reference).result()
    if options.stage == "semantic":
        return
    print("acoustic stage, chunk by chunk")
    run_in_temporary_thread(_print_acoustic, models)
    print("both stages, a sentence of 20 characters for each caller")
    for callers in CALLERS:
        heard = answered(models, callers)
        print(
            f"  {callers} callers: first sound after {heard.first:.3f} s "
            f"(slowest {heard.slowest:.3f} s), real-time factor {heard.factor:.3f}"
        )


def _print_semantic(models: Models, reference: float) -> None:
    """Speed of the stage in a thread set up as its own, beside the reference's tokens/s."""
    print(f"  with {torch.get_num_threads()} threads of its own:")
    gpt = models.packed or models.gpt
    tokens_per_second(gpt, 1, 10)
    alone = 0.0
    for rows in BATCHES:
        speed, reading = tokens_per_second(gpt, rows)
        alone = alone or speed
        print(
            f"  batch {rows:2}: {speed:7.1f} tokens/s, {speed / reference:.2f} x the reference, "
            f"{speed / alone:.2f} x batch 1; prompts read in {reading:.3f} s"
        )
    for rows in BATCHES[1:]:
        speed, tokens = sentences_per_second(models, rows)
        print(
            f"  batch {rows:2}: {speed:5.1f} sentences/s of {len(SHORT)} characters "
            f"and {tokens:.0f} tokens"
        )


def _print_acoustic(models: Models) -> None:
    real_time_factors(models.sovits, vocoder=models.vocoder)
    for tokens, factor in real_time_factors(models.sovits, vocoder=models.vocoder).items():
        print(f"  after {tokens:3} tokens: real-time factor {factor:.3f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.speed", description=__doc__)
    parser.add_argument("--model", type=Path, help="folder of a model; random weights without")
    parser.add_argument("--size", choices=SIZES, default="starter", help="of random weights")
    parser.add_argument("--threads", type=int, help="CPU threads of each stage")
    parser.add_argument("--stage", choices=["semantic", "all"], default="all")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except MynahError as error:
        sys.exit(str(error))
