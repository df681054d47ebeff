"""Fine-tuning of the GPT: from a voice's phonemes to its tokens, alone and after a prompt.

Upstream: `s1_train.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from mynah.acoustic.sovits.config import CODEBOOK_SIZE
from mynah.checkpoints.adapter import Change
from mynah.semantic.config import BERT_SIZE
from mynah.semantic.gpt import GPT
from mynah.training.adapters import FULL, AdaptedNetwork
from mynah.training.loop import Stateful
from mynah.training.optimizer import AdapterOptimizer

CORRUPTED = 0.06
"""Share of tokens that are replaced, so that the GPT learns to recover from its own errors."""
PAIRED = 0.5
"""Share of lines that follow another, as sentences follow a prompt."""

_BETAS = (0.9, 0.98)
_ADAPTED = ("in_proj_weight", "out_proj.weight", "linear1.weight", "linear2.weight")


@dataclass(frozen=True, slots=True)
class SemanticPlan:
    """Learning rate of the adapters, and batch size, of the GPT's training."""

    rate: float = 1e-3
    lines: int = 4


@dataclass(frozen=True, slots=True, eq=False)
class TrainingLine:
    """Input and target of the GPT.

    Attributes:
        phones: (phones,) ids, at least one.
        bert: (1024, phones) text features; None stands for zeros.
        codes: (tokens,).
        prompt_tokens: number of leading `codes` that are prompt, and have no loss.
    """

    phones: Tensor
    bert: Tensor | None
    codes: Tensor
    prompt_tokens: int = 0

    def after(self, prompt: "TrainingLine") -> "TrainingLine":
        """The same line after a prompt."""
        bert = None
        if self.bert is not None or prompt.bert is not None:
            bert = torch.cat([_features(prompt), _features(self)], dim=1)
        return TrainingLine(
            torch.cat([prompt.phones, self.phones]),
            bert,
            torch.cat([prompt.codes, self.codes]),
            len(prompt.codes),
        )


def adapted_parameters(gpt: GPT, rank: int) -> dict[str, int]:
    """Names of the parameters that learn, with their ranks: matrices of all layers, or `FULL`."""
    names = [name for name, _ in gpt.named_parameters()]
    if rank == FULL:
        return dict.fromkeys(names, FULL)
    return {name: rank for name in names if name.endswith(_ADAPTED)}


class SemanticTask:
    """Training task of the GPT; see `TrainingTask`."""

    def __init__(
        self,
        gpt: GPT,
        changes: Mapping[str, Change],
        lines: Sequence[TrainingLine],
        held_out: Sequence[TrainingLine],
        plan: SemanticPlan,
        device: torch.device,
    ) -> None:
        self.learner = AdaptedNetwork(gpt, changes, device)
        self._plan = plan
        self._lines = lines
        self._held_out = [
            line.after(lines[number % len(lines)]) for number, line in enumerate(held_out)
        ]
        shares = self.learner.shares
        moved = [(tensor, shares[name]) for name, tensor in self.learner.tensors.items()]
        self._optimizer = AdapterOptimizer(moved, plan.rate, _BETAS)

    @property
    def remembered(self) -> list[Stateful]:
        return [self._optimizer]

    def step(self, number: int, scale: float) -> dict[str, float]:
        self.learner.network.train()
        loss = self._loss([self._sample() for _ in range(self._plan.lines)], CORRUPTED)
        self._optimizer.step(loss, scale)
        return {"loss": loss.item()}

    def held_out_loss(self) -> float:
        """See `TrainingTask`; in nats per token."""
        self.learner.network.eval()
        losses = [self._loss([line], corrupted=0.0).item() for line in self._held_out]
        return sum(losses) / len(losses)

    def _loss(self, lines: Sequence[TrainingLine], corrupted: float) -> Tensor:
        phones, phone_lengths = self._padded([line.phones for line in lines])
        codes, lengths = self._padded([line.codes for line in lines])
        inputs = _corrupted(codes, corrupted)
        logits = self.learner(phones, phone_lengths, self._bert(lines), inputs, lengths)
        targets = F.pad(codes, (0, 1))
        targets[torch.arange(len(lines)), lengths] = CODEBOOK_SIZE
        place = torch.arange(targets.shape[1], device=targets.device)
        prompt_tokens = torch.tensor([line.prompt_tokens for line in lines], device=targets.device)
        counted = (place >= prompt_tokens[:, None]) & (place <= lengths[:, None])
        return F.cross_entropy(logits[counted].float(), targets[counted])

    def _sample(self) -> TrainingLine:
        line, prompt = (self._lines[int(torch.randint(len(self._lines), ()))] for _ in range(2))
        paired = prompt is not line and float(torch.rand(())) < PAIRED
        return line.after(prompt) if paired else line

    def _padded(self, rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Rows padded to one length, and their lengths."""
        lengths = torch.tensor([len(row) for row in rows], device=self.learner.device)
        return pad_sequence(list(rows), batch_first=True).to(self.learner.device), lengths

    def _bert(self, lines: Sequence[TrainingLine]) -> Tensor | None:
        if all(line.bert is None for line in lines):
            return None
        padded = pad_sequence([_features(line).T for line in lines], batch_first=True)
        return padded.transpose(1, 2).to(self.learner.device)


def _features(line: TrainingLine) -> Tensor:
    return torch.zeros(BERT_SIZE, len(line.phones)) if line.bert is None else line.bert


def _corrupted(codes: Tensor, share: float) -> Tensor:
    wrong = torch.rand(codes.shape, device=codes.device) < share
    return torch.where(wrong, torch.randint_like(codes, CODEBOOK_SIZE), codes)
