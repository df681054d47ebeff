"""Changes that are learned: a parametrised network does what the merged one does."""

import pytest
import torch
from torch import nn

from mynah.checkpoints.adapter import Adapter, FullDelta, LowRank, fingerprint, merged
from mynah.checkpoints.gpt import load_gpt
from mynah.training.adapters import FULL, AdaptedNetwork, fresh_changes
from mynah.training.optimizer import mixed_precision

CPU = torch.device("cpu")


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(3, 8, 5, padding=2), nn.ReLU(), nn.Conv1d(8, 2, 1))


def moved(learner):
    """Everything that learns, somewhere else."""
    with torch.no_grad():
        for tensor in learner.tensors.values():
            tensor.add_(torch.randn(tensor.shape))


def test_fresh_changes_change_nothing(network):
    x = torch.randn(1, 3, 9)
    with mixed_precision(CPU):
        before = network(x)
    learner = AdaptedNetwork(
        network, fresh_changes(network, {"0.weight": 2, "2.bias": FULL}, 0), CPU
    )
    torch.testing.assert_close(learner(x), before)


def test_merged_weights_do_what_the_learner_did(network):
    base = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    ranks = {"0.weight": 2, "0.bias": FULL, "2.weight": 1}
    learner = AdaptedNetwork(network, fresh_changes(network, ranks, 0), CPU)
    moved(learner)
    x = torch.randn(2, 3, 9)
    learnt = learner(x)
    assert all(torch.equal(network.state_dict()[name], base[name]) for name in base)
    network.load_state_dict(merged(base, Adapter(fingerprint(base), learner.learned())))
    with mixed_precision(CPU):
        torch.testing.assert_close(network(x), learnt)


def test_the_joint_projection_of_an_attention_takes_an_adapter(tiny):
    gpt = load_gpt(tiny / "semantic.ckpt")
    name = "h.layers.0.self_attn.in_proj_weight"
    learner = AdaptedNetwork(gpt, fresh_changes(gpt, {name: 4}, 0), CPU)
    moved(learner)
    heard = (
        torch.tensor([[3, 4, 5]]),
        torch.tensor([3]),
        None,
        torch.tensor([[7]]),
        torch.tensor([1]),
    )
    learnt = learner(*heard)
    state = gpt.state_dict()
    gpt.load_state_dict(merged(state, Adapter(fingerprint(state), learner.learned())))
    with mixed_precision(CPU):
        torch.testing.assert_close(gpt(*heard), learnt)


def test_gradients_reach_only_what_is_learned(network):
    learner = AdaptedNetwork(
        network, fresh_changes(network, {"0.weight": 2, "2.bias": FULL}, 0), CPU
    )
    moved(learner)
    learner(torch.randn(1, 3, 9)).square().sum().backward()
    assert learner.tensors.keys() == {"0.weight.down", "0.weight.up", "2.bias.delta"}
    assert all(tensor.grad.abs().sum() > 0 for tensor in learner.tensors.values())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_learner_copies_what_it_goes_on_from(network):
    begun = {
        "0.bias": FullDelta(torch.ones(8)),
        "2.weight": LowRank(torch.ones(1, 8), torch.ones(2, 1)),
    }
    learner = AdaptedNetwork(network, begun, CPU)
    before = {name: tensor.detach().clone() for name, tensor in learner.tensors.items()}
    moved(learner)
    assert torch.equal(begun["0.bias"].delta, torch.ones(8))
    learner.restore(before)
    assert torch.equal(learner.learned()["2.weight"].up, torch.ones(2, 1))


def test_ranks_never_exceed_the_matrix(network):
    change = fresh_changes(network, {"2.weight": 64}, 0)["2.weight"]
    assert (change.down.shape, change.up.shape) == ((2, 8), (2, 2))
