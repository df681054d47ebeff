"""The semantic stage alone: tokens and short sentences a second."""

import time
from dataclasses import replace
from statistics import median

import torch

from benchmarks.speed.subject import PROMPT_PHONES, PROMPT_TOKENS, hum
from mynah.engine.models import Models
from mynah.options import SpeechOptions
from mynah.semantic.batch import TorchBatch
from mynah.semantic.gpt import GPT
from mynah.semantic.sequence import SemanticRequest
from mynah.text.frontend import analyse

SENTENCE_PHONES = 40
SHORT = "我们一起去公园散步好吗？"
"""Twelve characters."""


def random_request() -> SemanticRequest:
    """A sentence after a prompt of five seconds, which goes on for a minute."""
    generator = torch.Generator().manual_seed(0)
    return SemanticRequest(
        torch.randint(700, (PROMPT_PHONES + SENTENCE_PHONES,), generator=generator),
        torch.randint(1024, (PROMPT_TOKENS,), generator=generator),
        seed=0,
    )


def tokens_per_second(gpt: GPT, rows: int, tokens: int = 100) -> tuple[float, float]:
    """Speed of full batches by the median step, and seconds in which their prompts are read."""
    request, batch = random_request(), TorchBatch(gpt, rows)
    began = time.perf_counter()
    for seed in range(rows):
        batch.join([replace(request, seed=seed)])
    read = time.perf_counter()
    seconds: list[float] = []
    while batch.free == 0 and len(seconds) < tokens:
        before = time.perf_counter()
        batch.step()
        seconds.append(time.perf_counter() - before)
    return rows / median(seconds), read - began


def sentences_per_second(models: Models, rows: int, sentences: int = 64) -> tuple[float, float]:
    """Speed of sentences that join a batch as soon as there is room, and tokens of each."""
    (sentence,) = analyse(SHORT, "zh", split="cut0")
    prompt, batch = models.read(hum()), TorchBatch(models.packed or models.gpt, rows)
    waiting = [
        models.prepare(sentence, prompt, SpeechOptions(seed=seed), seed, first=True)[0]
        for seed in range(sentences)
    ]
    began, spoken = time.perf_counter(), []
    while waiting or batch.sequences:
        joining, waiting = waiting[: batch.free], waiting[batch.free :]
        spoken += batch.join(joining) if joining else []
        batch.step()
    tokens = sum(len(row.tokens) for row in spoken) / sentences
    return sentences / (time.perf_counter() - began), tokens
