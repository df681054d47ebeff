"""Fine-tuning of the GPT: what is read, what is counted, and that a voice is learned."""

import pytest
import torch
from made_voice import Listener, StopAt, made_slice, made_slices, never

from mynah.checkpoints.gpt import load_gpt
from mynah.training.adapters import FULL, fresh_changes
from mynah.training.loop import Progress, TrainingPlan, learn
from mynah.training.semantic_task import (
    SemanticPlan,
    SemanticTask,
    TrainingLine,
    adapted_parameters,
)
from mynah.training.trainer import Stopped

CPU = torch.device("cpu")


@pytest.fixture
def gpt(tiny):
    return load_gpt(tiny / "semantic.ckpt")


def line(each, bert=None):
    return TrainingLine(torch.tensor(each.phones), bert, torch.tensor(each.codes))


def task(gpt, rank=8, lines=None, held_out=None):
    changes = fresh_changes(gpt, adapted_parameters(gpt, rank), 0)
    lines = lines or [line(each) for each in made_slices(6)]
    held_out = held_out or [line(made_slice(99))]
    return SemanticTask(gpt, changes, lines, held_out, SemanticPlan(rate=5e-3, lines=4), CPU)


def run(taught, folder, steps, should_stop=never):
    progress = Progress(Listener(), "semantic", 0, 100)
    plan = TrainingPlan(steps, measured_every=steps)
    return learn(taught, plan, folder / "s.checkpoint", progress, should_stop)


@pytest.mark.parametrize("rank", [8, FULL])
def test_a_voice_is_learned(gpt, tmp_path, rank):
    outcome = run(task(gpt, rank), tmp_path, 30)
    assert outcome.loss < 0.8 * outcome.loss_before


def test_adapters_go_to_every_layers_matrices(gpt):
    names = adapted_parameters(gpt, 8)
    assert len(names) == 4 * gpt.config.layers
    assert "h.layers.1.self_attn.in_proj_weight" in names
    assert adapted_parameters(gpt, FULL).keys() == dict(gpt.named_parameters()).keys()


def test_a_line_after_a_prompt_has_the_prompts_tokens_without_loss():
    prompt, own = line(made_slice(0)), line(made_slice(1))
    paired = own.after(prompt)
    assert paired.prompt_tokens == len(prompt.codes)
    assert torch.equal(paired.phones, torch.cat([prompt.phones, own.phones]))
    assert torch.equal(paired.codes, torch.cat([prompt.codes, own.codes]))
    assert paired.bert is None


def test_text_features_are_read_where_there_are_any(gpt):
    plain, told = line(made_slice(0)), made_slice(1)
    features = torch.randn(1024, len(told.phones))
    paired = line(told, features).after(plain)
    assert torch.equal(paired.bert[:, len(plain.phones) :], features)
    assert not paired.bert[:, : len(plain.phones)].any()
    without = task(gpt, held_out=[line(told)]).held_out_loss()
    assert task(gpt, held_out=[line(told, features)]).held_out_loss() != without


def test_the_held_out_loss_counts_only_what_follows_the_prompt(gpt):
    prompt, own = line(made_slice(0)), line(made_slice(1))
    loss = task(gpt, lines=[prompt], held_out=[own]).held_out_loss()
    paired = own.after(prompt)
    with torch.no_grad():
        logits = gpt(
            paired.phones[None],
            torch.tensor([len(paired.phones)]),
            None,
            paired.codes[None],
            torch.tensor([len(paired.codes)]),
        )[0]
    said = torch.cat([own.codes, torch.tensor([gpt.config.eos])])
    expected = torch.nn.functional.cross_entropy(logits[len(prompt.codes) :], said).item()
    assert loss == pytest.approx(expected, rel=1e-2)  # layers may use bfloat16


def test_a_stopped_training_gives_the_same_adapters(gpt, tmp_path):
    (tmp_path / "whole").mkdir()
    whole = run(task(gpt), tmp_path / "whole", 6)
    with pytest.raises(Stopped):
        run(task(gpt), tmp_path, 6, StopAt(4))
    resumed = run(task(gpt), tmp_path, 6)
    for name, change in whole.changes.items():
        assert torch.equal(resumed.changes[name].up, change.up), name
        assert torch.equal(resumed.changes[name].down, change.down), name
