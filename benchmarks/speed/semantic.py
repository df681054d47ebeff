"""The semantic stage alone: tokens a second."""

import time
from dataclasses import replace

import torch

from benchmarks.speed.subject import PROMPT_PHONES, PROMPT_TOKENS
from mynah.semantic.batch import Batch
from mynah.semantic.gpt import GPT
from mynah.semantic.request import SemanticRequest

SENTENCE_PHONES = 40


def tokens_per_second(gpt: GPT, rows: int, tokens: int = 100) -> tuple[float, float]:
    """Speed of full batches, and seconds that their prompts take to be read before."""
    generator = torch.Generator().manual_seed(0)
    request = SemanticRequest(
        torch.randint(700, (PROMPT_PHONES + SENTENCE_PHONES,), generator=generator),
        torch.randint(1024, (PROMPT_TOKENS,), generator=generator),
    )
    batch = Batch(gpt, rows)
    began = time.perf_counter()
    for seed in range(rows):
        batch.join([replace(request, seed=seed)])
    read = time.perf_counter()
    steps = 0
    while batch.free == 0 and steps < tokens:
        batch.step()
        steps += 1
    return steps * rows / (time.perf_counter() - read), read - began
