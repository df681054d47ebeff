"""Training setup of each network of a model, from a voice's slices."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mynah.checkpoints.adapter import Change
from mynah.checkpoints.base_weights import BaseWeights
from mynah.engine.models import Models
from mynah.text.frontend import analyse
from mynah.training import acoustic_task, semantic_task
from mynah.training.acoustic_task import AcousticPlan, AcousticTask
from mynah.training.loop import TrainingTask
from mynah.training.prepare.slices import Prepared, Slice
from mynah.training.semantic_task import SemanticPlan, SemanticTask, TrainingLine
from mynah.training.synthesis import SegmentSynthesis, TrainingClip


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSetup:
    """A network and its training task.

    Attributes:
        base: the network as its file has it.
        network: the one to train.
        ranks: of the changes of its parameters.
        epoch: number of steps.
        task: creates the training task from initial changes.
    """

    base: BaseWeights[Any]
    network: nn.Module
    ranks: Mapping[str, int]
    epoch: int
    task: Callable[[Mapping[str, Change]], TrainingTask]


def acoustic_setup(
    base: BaseWeights[Any], models: Models, prepared: Prepared, rank: int, device: torch.device
) -> TrainingSetup:
    """The setup of the acoustic model."""
    plan = AcousticPlan()
    network = SegmentSynthesis.of(models.sovits.config, base.state, models.extension)
    clips, held_out = ([TrainingClip.of(each) for each in part] for part in _divided(prepared))
    return TrainingSetup(
        base,
        network,
        acoustic_task.adapted_parameters(network, rank),
        _epoch(clips, plan.segments),
        lambda changes: AcousticTask(network, changes, clips, held_out, plan, device),
    )


def semantic_setup(
    base: BaseWeights[Any],
    models: Models,
    prepared: Prepared,
    language: str,
    rank: int,
    device: torch.device,
) -> TrainingSetup | None:
    """The setup of the GPT; None if the words of too few slices are known."""
    plan = SemanticPlan()
    lines, held_out = (
        [_line(each, language, models) for each in part if each.phones]
        for part in _divided(prepared)
    )
    if not (lines and held_out):
        return None
    return TrainingSetup(
        base,
        models.gpt,
        semantic_task.adapted_parameters(models.gpt, rank),
        _epoch(lines, plan.lines),
        lambda changes: SemanticTask(models.gpt, changes, lines, held_out, plan, device),
    )


def _divided(prepared: Prepared) -> tuple[Sequence[Slice], Sequence[Slice]]:
    """Training and held-out slices; the same if they are too few to divide."""
    return prepared.slices, prepared.held_out or prepared.slices


def _epoch(parts: Sequence[object], together: int) -> int:
    return -(-len(parts) // together)


def _line(each: Slice, language: str, models: Models) -> TrainingLine:
    return TrainingLine(
        torch.tensor(each.phones), _bert(each, language, models), torch.tensor(each.codes)
    )


def _bert(each: Slice, language: str, models: Models) -> Tensor | None:
    sentences = analyse(each.text or "", language, split="cut0")
    features = [models.text_features(sentence) for sentence in sentences]
    known = [part for part in features if part is not None]
    return torch.cat(known, dim=1) if known else None
