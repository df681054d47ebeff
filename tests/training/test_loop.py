"""The loop of a fine-tuning: what is kept, when it ends, and that a stop changes nothing."""

import pytest
import torch
from made_voice import Listener, StopAt, never
from torch import nn

from mynah.training.adapters import FULL, AdaptedNetwork, fresh_changes
from mynah.training.loop import Progress, TrainingPlan, learn
from mynah.training.optimizer import AdapterOptimizer
from mynah.training.trainer import Stopped


class Line:
    """Learns a slope from noisy points, and is measured as a script says, or for real."""

    remembered: list

    def __init__(self, script=None):
        network = nn.Linear(3, 1, bias=False)
        nn.init.zeros_(network.weight)
        changes = fresh_changes(network, {"weight": FULL}, 0)
        self.learner = AdaptedNetwork(network, changes, torch.device("cpu"))
        self.tuner = AdapterOptimizer(
            [(tensor, 1.0) for tensor in self.learner.tensors.values()], 0.05, (0.9, 0.99)
        )
        self.remembered = [self.tuner]
        self.script = iter(script) if script else None

    def step(self, number, scale):
        x = torch.randn(16, 3)
        loss = (self.learner(x).float() - x.sum(1, keepdim=True)).square().mean()
        self.tuner.step(loss, scale)
        return {"loss": loss.item()}

    def held_out_loss(self):
        if self.script:
            return next(self.script)
        x = torch.randn(64, 3)
        return (self.learner(x).float() - x.sum(1, keepdim=True)).square().mean().item()

    @property
    def weight(self):
        return self.learner.tensors["weight.delta"].detach().clone()


def run(task, folder, plan, should_stop=never, listener=None):
    progress = Progress(listener or Listener(), "acoustic", 10, 60)
    return learn(task, plan, folder / "line.checkpoint", progress, should_stop)


def test_the_loss_falls_and_is_reported(tmp_path):
    listener = Listener()
    outcome = run(
        Line(), tmp_path, TrainingPlan(60, measured_every=10, kept_every=25), listener=listener
    )
    assert outcome.loss < outcome.loss_before / 3
    assert outcome.steps == 60
    steps, percents, losses = zip(*listener.told, strict=True)
    assert set(steps) == {"acoustic"}
    assert percents[-1] == 60
    assert list(percents) == sorted(percents)
    assert losses[-1].keys() == {"loss", "held_out"}
    assert listener.checkpoints == 3  # after 25 and 50 steps and at the end


@pytest.mark.parametrize("stops", [[1], [7], [10], [25, 1, 3]])
def test_a_stopped_training_learns_what_it_would_have_learned(tmp_path, stops):
    plan = TrainingPlan(40, measured_every=5, kept_every=7, patience=100)
    (tmp_path / "whole").mkdir()
    whole = run(Line(), tmp_path / "whole", plan)
    for asked in stops:
        torch.manual_seed(asked)  # whatever else the process drew meanwhile
        with pytest.raises(Stopped):
            run(Line(), tmp_path, plan, StopAt(asked))
    resumed = run(Line(), tmp_path, plan)
    assert torch.equal(resumed.changes["weight"].delta, whole.changes["weight"].delta)
    assert (resumed.loss_before, resumed.loss) == (whole.loss_before, whole.loss)


def test_a_killed_training_goes_on_from_its_checkpoint(tmp_path):
    class Killed(BaseException):
        pass

    class Dying(Line):
        def step(self, number, scale):
            if number == 17:
                raise Killed
            return super().step(number, scale)

    plan = TrainingPlan(30, measured_every=5, kept_every=4)
    (tmp_path / "whole").mkdir()
    whole = run(Line(), tmp_path / "whole", plan)
    with pytest.raises(Killed):
        run(Dying(), tmp_path, plan)
    seen = []

    class Watched(Line):
        def step(self, number, scale):
            seen.append(number)
            return super().step(number, scale)

    resumed = run(Watched(), tmp_path, plan)
    assert seen == list(range(16, 30))
    assert torch.equal(resumed.changes["weight"].delta, whole.changes["weight"].delta)


def test_it_ends_early_and_gives_the_best(tmp_path):
    kept = []

    class Watched(Line):
        def held_out_loss(self):
            kept.append(self.weight)
            return super().held_out_loss()

    task = Watched([5.0, 4.0, 3.0, 3.5, 3.2, 3.1, 2.0])
    outcome = run(task, tmp_path, TrainingPlan(1000, measured_every=4, patience=3))
    assert (outcome.steps, outcome.loss_before, outcome.loss) == (20, 5.0, 3.0)
    assert torch.equal(outcome.changes["weight"].delta, kept[2])
    assert not torch.equal(kept[2], kept[-1])
    again = run(Line([1.0]), tmp_path, TrainingPlan(1000, measured_every=4, patience=3))
    assert torch.equal(again.changes["weight"].delta, kept[2])
    assert again.steps == 20


def test_a_training_that_only_does_harm_changes_nothing(tmp_path):
    outcome = run(Line([1.0, 2.0, float("nan"), 3.0]), tmp_path, TrainingPlan(12, 4))
    assert outcome.loss == 1.0
    assert not outcome.changes["weight"].delta.any()


def test_a_stop_is_obeyed_before_another_step(tmp_path):
    class Counting(Line):
        steps = 0

        def step(self, number, scale):
            self.steps += 1
            return super().step(number, scale)

    task, listener = Counting(), Listener()
    with pytest.raises(Stopped):
        run(task, tmp_path, TrainingPlan(100), StopAt(3), listener)
    assert task.steps == 3
    assert listener.checkpoints == 1
    assert (tmp_path / "line.checkpoint").is_file()


def test_it_leaves_the_random_numbers_of_the_process_alone(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    task = Line()
    torch.manual_seed(5)
    run(task, tmp_path, TrainingPlan(3))
    assert torch.equal(torch.rand(3), expected)


def test_a_gradient_that_is_not_finite_moves_nothing():
    tensor = torch.ones(2, requires_grad=True)
    tuner = AdapterOptimizer([(tensor, 1.0)], 0.1, (0.9, 0.99))
    tuner.step((tensor * torch.tensor([torch.inf, 0.0])).sum(), 1.0)
    assert torch.equal(tensor, torch.ones(2))
