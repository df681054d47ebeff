"""Trains the GPT: phonemes and a prompt by the same speaker to semantic tokens."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT, Attention
from recipes.starter.examples import Examples
from recipes.starter.sizes import SEMANTIC
from recipes.starter.sounds import UNKNOWN
from recipes.starter.splices import Example
from recipes.starter.state import Progress

EOS = 1024
CORRUPTED = 0.06
DROPOUT = 0.1
GUIDED_LAYERS = (1, 3)


@dataclass(frozen=True, slots=True)
class SemanticPlan:
    """Length and device of the training; a batch holds about `positions` phonemes and tokens."""

    steps: int
    positions: int = 6_000
    rate: float = 1e-3
    minutes: float = float("inf")
    device: str = "cpu"
    config: SemanticConfig = SEMANTIC


def batches(rows: list[Example], positions: int, rng: np.random.Generator) -> list[list[Example]]:
    """Groups of like length with at most `positions` places, padding counted."""
    rows = sorted(rows, key=lambda row: len(row) * rng.uniform(0.95, 1.05))
    groups: list[list[Example]] = [[]]
    for row in rows:
        if groups[-1] and (len(groups[-1]) + 1) * len(row) > positions:
            groups.append([])
        groups[-1].append(row)
    rng.shuffle(groups)
    return groups


def collate(rows: list[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Padded ids and lengths: phones, phone lengths, tokens, token lengths."""
    phones = torch.nn.utils.rnn.pad_sequence([torch.tensor(r.phones) for r in rows], True)
    tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor(r.tokens) for r in rows], True)
    phone_lengths = torch.tensor([len(r.phones) for r in rows])
    return phones, phone_lengths, tokens, torch.tensor([len(r.tokens) for r in rows])


class Guide:
    """Shows one attention head in each of two layers the phoneme that is to be spoken next.

    Left alone, the GPT finds out late that its tokens follow the phonemes; with hours of
    speech instead of thousands it might never (Tachibana et al. 2017, guided attention).
    """

    def __init__(self, gpt: GPT) -> None:
        self.inputs: dict[int, Tensor] = {}
        self.attention = [
            cast(Attention, gpt.h.layers[number].self_attn) for number in GUIDED_LAYERS
        ]
        for number, attention in enumerate(self.attention):
            attention.register_forward_pre_hook(partial(self._keep, number))

    def _keep(self, number: int, _: torch.nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.inputs[number] = inputs[0]

    def loss(self, rows: list[Example], phone_lengths: Tensor) -> Tensor:
        """Nats by which the guided heads miss the phonemes, after a forward pass of `rows`."""
        places = torch.nn.utils.rnn.pad_sequence(
            [torch.tensor(row.places) for row in rows], True, UNKNOWN
        ).to(phone_lengths.device)
        return torch.stack([self._miss(n, places, phone_lengths) for n in self.inputs]).mean()

    def _miss(self, number: int, places: Tensor, phone_lengths: Tensor) -> Tensor:
        attention, x = self.attention[number], self.inputs[number]
        width = x.shape[-1]
        size = width // attention.heads
        weight, bias = attention.in_proj_weight, attention.in_proj_bias
        asked = phone_lengths[:, None] - 1 + torch.arange(places.shape[1], device=x.device)
        row = torch.arange(len(x), device=x.device)[:, None]
        query = F.linear(x[row, asked], weight[:size], bias[:size])
        key = F.linear(
            x[:, : int(phone_lengths.max())],
            weight[width : width + size],
            bias[width : width + size],
        )
        scores = (query @ key.transpose(1, 2)).float() / size**0.5
        outside = torch.arange(key.shape[1], device=x.device) >= phone_lengths[:, None, None]
        scores = scores.masked_fill(outside, -torch.inf)
        return F.cross_entropy(scores.flatten(0, 1), places.flatten(), ignore_index=UNKNOWN)


def loss_of(
    gpt: GPT, guide: Guide, rows: list[Example], device: torch.device
) -> tuple[Tensor, Tensor, float]:
    """Cross-entropy of the next token, the guide's loss, how often the likeliest is right."""
    phones, phone_lengths, tokens, token_lengths = (part.to(device) for part in collate(rows))
    heard = _corrupt(tokens) if gpt.training else tokens
    with torch.autocast(device.type, torch.bfloat16):
        logits = gpt(phones, phone_lengths, None, heard, token_lengths)
        guided = guide.loss(rows, phone_lengths)
    targets = F.pad(tokens, (0, 1))
    targets[torch.arange(len(rows)), token_lengths] = EOS
    counted = torch.arange(targets.shape[1], device=device) <= token_lengths[:, None]
    chosen, right = logits[counted].float(), targets[counted]
    hits = (chosen.argmax(-1) == right).float().mean().item()
    return F.cross_entropy(chosen, right, label_smoothing=0.05), guided, hits


def _corrupt(tokens: Tensor) -> Tensor:
    """Replaces some tokens by any others, so that the GPT learns to go on after a mistake."""
    wrong = torch.rand(tokens.shape, device=tokens.device) < CORRUPTED
    return torch.where(wrong, torch.randint_like(tokens, EOS), tokens)


def train(work: Path, plan: SemanticPlan) -> None:
    """Goes on from `semantic.pt` if it exists."""
    torch.manual_seed(0)
    device = torch.device(plan.device)
    gpt = GPT(plan.config, dropout=DROPOUT).to(device)
    guide = Guide(gpt)
    tune = torch.optim.AdamW(gpt.parameters(), plan.rate, (0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(tune, plan.rate, plan.steps, pct_start=0.1)
    progress = Progress(work / "semantic.pt", (gpt, tune, schedule), plan.minutes)
    epoch = progress.step
    examples = Examples(work)
    while progress.step < plan.steps and not progress.out_of_time:
        epoch += 1
        rng = np.random.default_rng(epoch)
        for group in batches(examples.epoch(rng), plan.positions, rng):
            loss, guided, hits = loss_of(gpt, guide, group, device)
            tune.zero_grad()
            (loss + guided).backward()
            torch.nn.utils.clip_grad_norm_(gpt.parameters(), 1.0)
            tune.step()
            schedule.step()
            if progress.advance({"loss": loss.item(), "guide": guided.item(), "right": hits}):
                _report(gpt, guide, examples.held_out, plan)
            if progress.step >= plan.steps or progress.out_of_time:
                break
    progress.save()


@torch.no_grad()
def _report(gpt: GPT, guide: Guide, rows: list[Example], plan: SemanticPlan) -> None:
    gpt.eval()
    groups = batches(rows, plan.positions, np.random.default_rng(0))
    measured = [loss_of(gpt, guide, group, torch.device(plan.device)) for group in groups]
    gpt.train()
    losses, guided, hits = zip(*measured, strict=True)
    loss, missed = np.mean([x.item() for x in losses]), np.mean([x.item() for x in guided])
    print(f"       held out: {loss:.3f} guide {missed:.3f} right {np.mean(hits):.3f}", flush=True)
