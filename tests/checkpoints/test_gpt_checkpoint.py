"""GPT checkpoints load as released and are saved as upstream reads them."""

import shutil
from pathlib import Path

import pytest
import torch

from mynah.checkpoints.file import read_checkpoint
from mynah.checkpoints.gpt import load_gpt, save_gpt
from mynah.errors import CheckpointError
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT
from mynah.semantic.sampling import SamplingOptions


@pytest.fixture
def released(parity, tmp_path) -> Path:
    """The tiny GPT checkpoint as a file that may be changed."""
    return Path(shutil.copy(parity("s1_tiny.ckpt"), tmp_path))


def rewrite(path, **changes):
    content = torch.load(path) | changes
    torch.save(content, path)


def test_a_released_file_loads(released):
    gpt = load_gpt(released)
    assert gpt.config == SemanticConfig(hidden=64, heads=4, layers=3)
    assert not gpt.training
    assert gpt.bert_proj.weight.dtype == torch.float32


def test_saved_files_are_in_the_released_format(released, tmp_path):
    original = read_checkpoint(released)
    save_gpt(load_gpt(released), tmp_path / "again.ckpt", info="GPT-e1", config=original.config)
    again = torch.load(tmp_path / "again.ckpt")
    assert again["config"] == original.config
    assert again["info"] == "GPT-e1"
    assert again["weight"].keys() == original.weight.keys()
    for name, weight in again["weight"].items():
        assert weight.dtype == torch.float16
        assert torch.equal(weight, original.weight[name])


def test_a_model_trained_from_nothing_brings_its_config(tmp_path):
    gpt = GPT(SemanticConfig(hidden=32, heads=2, layers=1, phoneme_vocabulary=10, vocabulary=9))
    save_gpt(gpt, tmp_path / "new.ckpt", info="GPT-e0")
    config = read_checkpoint(tmp_path / "new.ckpt").config
    assert config["data"]["max_sec"] == 54
    assert config["model"]["EOS"] == 8
    assert load_gpt(tmp_path / "new.ckpt").config == gpt.config


@pytest.mark.parametrize(
    ("config", "sampling"),
    [
        ({}, SamplingOptions(15, 1.0, 1.0, 1.35)),
        ({"inference": {"top_k": 5}}, SamplingOptions(top_k=5)),
        ({"inference": {"temperature": 0.6, "colour": 3}}, SamplingOptions(temperature=0.6)),
        ({"inference": None}, SamplingOptions()),
    ],
)
def test_a_model_says_how_it_is_drawn_from(tiny, tmp_path, config, sampling):
    save_gpt(load_gpt(tiny / "semantic.ckpt"), tmp_path / "own.ckpt", info="", config=config)
    assert load_gpt(tmp_path / "own.ckpt").sampling == sampling


@pytest.mark.parametrize("inference", [{"top_k": -1}, {"top_p": "most"}, {"temperature": 9}])
def test_a_model_that_cannot_be_drawn_from(tiny, tmp_path, inference):
    gpt, config = load_gpt(tiny / "semantic.ckpt"), {"inference": inference}
    save_gpt(gpt, tmp_path / "own.ckpt", info="", config=config)
    with pytest.raises(CheckpointError, match="inference"):
        load_gpt(tmp_path / "own.ckpt")


def test_weights_that_do_not_fit(released):
    weight = torch.load(released)["weight"]
    del weight["model.bert_proj.bias"]
    rewrite(released, weight=weight)
    with pytest.raises(CheckpointError, match=r"bert_proj\.bias.*complete"):
        load_gpt(released)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": 3},
        {"model": {"hidden_dim": 64}},
        {"model": SemanticConfig().to_checkpoint() | {"head": 7}},
        {"model": SemanticConfig().to_checkpoint() | {"n_layer": 0}},
        {"model": SemanticConfig().to_checkpoint() | {"n_layer": 10**9}},
        {"model": SemanticConfig().to_checkpoint() | {"hidden_dim": 1 << 30}},
    ],
)
def test_configs_of_no_gpt(released, config):
    rewrite(released, config=config)
    with pytest.raises(CheckpointError, match="GPT"):
        load_gpt(released)
