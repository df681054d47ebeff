"""Trained versions: what their adapters make of a model, and how little they take beside it."""

import shutil

import pytest
import torch

from mynah.checkpoints.adapter import load_adapter, merged, save_adapter
from mynah.checkpoints.sovits import load_sovits
from mynah.errors import CheckpointError


def same(one: torch.nn.Module, other: torch.nn.Module) -> set[str]:
    """Names of the tensors that two networks share."""
    others = other.state_dict()
    return {n for n, each in one.state_dict().items() if each.data_ptr() == others[n].data_ptr()}


def test_a_version_is_what_its_merged_weights_are(tiny, models, adapt):
    folder = adapt(1)
    version = models.trained(folder)
    for name, tensor in merged(
        models.gpt.state_dict(), load_adapter(folder / "semantic.adapter")
    ).items():
        assert torch.equal(version.gpt.state_dict()[name], tensor), name
    whole = load_sovits(tiny / "acoustic.pth")
    adapter = load_adapter(folder / "acoustic.adapter")
    whole.load_state_dict(merged(whole.state_dict(), adapter))
    whole.fuse()
    for name, tensor in whole.state_dict().items():
        assert torch.equal(version.sovits.state_dict()[name], tensor), name


def test_a_version_has_only_what_differs_to_itself(models, adapt):
    version = models.trained(adapt(1))
    gpt, sovits = version.gpt.state_dict(), version.sovits.state_dict()
    assert gpt.keys() - same(version.gpt, models.gpt) == {"h.layers.0.linear1.weight"}
    own = {"flow.flows.0.enc.in_layers.0.weight", "dec.ups.0.weight"}
    assert sovits.keys() - same(version.sovits, models.sovits) == own
    assert version.size == sum(
        state[name].nbytes
        for state, names in ((gpt, ["h.layers.0.linear1.weight"]), (sovits, own))
        for name in names
    )
    assert (version.content, version.gpt.sampling) == (models.content, models.gpt.sampling)
    assert not version.gpt.training
    assert not version.sovits.training


def test_a_network_that_was_not_trained_is_the_models_own(models, adapt):
    assert models.trained(adapt(1, semantic=False)).gpt is models.gpt
    assert models.trained(adapt(1, acoustic=False)).sovits is models.sovits


def test_versions_of_a_version_are_of_the_model(models, adapt):
    folder = adapt(1)
    again = models.trained(adapt(2)).trained(folder)
    assert again.size == models.trained(folder).size


@pytest.mark.parametrize("name", ["semantic.adapter", "acoustic.adapter"])
def test_an_adapter_of_another_model_is_refused(models, adapt, name):
    folder = adapt(1)
    path = folder / name
    foreign = load_adapter(path)
    save_adapter(type(foreign)("0" * 32, foreign.changes), path)
    refused(models, folder, "another model")


@pytest.mark.parametrize("name", ["semantic.adapter", "acoustic.adapter"])
def test_a_truncated_adapter_is_refused(models, adapt, name):
    folder = adapt(1)
    path = folder / name
    path.write_bytes(path.read_bytes()[:-100])
    refused(models, folder, name)


def test_a_folder_without_adapters_is_refused(models, adapt):
    folder = adapt(1, acoustic=False)
    (folder / "semantic.adapter").rename(folder / "semantic.ckpt")
    refused(models, folder, "neither semantic.adapter nor acoustic.adapter")
    shutil.rmtree(folder)
    refused(models, folder, "neither semantic.adapter nor acoustic.adapter")


def refused(models, folder, message: str) -> None:
    with pytest.raises(CheckpointError, match=message) as caught:
        models.trained(folder)
    assert "\n" not in str(caught.value)
