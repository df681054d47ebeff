"""SoVITS checkpoints: told apart by content, loaded whole, saved as they came."""

import dataclasses
from pathlib import Path

import pytest
import torch

from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.acoustic.sovits.model import SoVITS
from mynah.checkpoints.detect import is_gpt, sovits_version
from mynah.checkpoints.file import Checkpoint, read_checkpoint
from mynah.checkpoints.sovits import load_sovits, save_sovits, sovits_from
from mynah.errors import CheckpointError

SMALL = SoVITSConfig(
    version="v2",
    symbols=732,
    inter_channels=16,
    hidden_channels=16,
    filter_channels=32,
    n_layers=2,
    upsample_initial_channel=64,
    gin_channels=32,
    posterior_layers=2,
)


def checkpoint_of(config: SoVITSConfig, tag: str | None = None) -> Checkpoint:
    """A checkpoint of one version, with empty weights."""
    with torch.device("meta"):
        weight = SoVITS(config).state_dict()
    weight = {name: torch.zeros(1).expand(tensor.shape) for name, tensor in weight.items()}
    return Checkpoint(weight, config.to_checkpoint(), version_tag=tag)


def replaced(checkpoint: Checkpoint, section: str, **changes) -> Checkpoint:
    config = checkpoint.config | {section: checkpoint.config[section] | changes}
    return dataclasses.replace(checkpoint, config=config)


@pytest.fixture(scope="module")
def released(parity) -> Path:
    """The tiny v2 file in the released format."""
    return parity("s2_v2_tiny.pth")


def test_a_released_file_is_saved_as_it_came(released, tmp_path):
    before = read_checkpoint(released)
    save_sovits(sovits_from(before), tmp_path / "voice.pth", info=before.info, config=before.config)
    after = read_checkpoint(tmp_path / "voice.pth")
    assert after.config == before.config
    assert (after.info, after.version_tag) == (before.info, before.version_tag)
    assert after.weight.keys() == before.weight.keys()
    for name, tensor in before.weight.items():
        assert after.weight[name].dtype == torch.float16
        assert torch.equal(after.weight[name], tensor), name


def test_a_loaded_model_is_ready_to_run_and_to_train(released):
    model = load_sovits(released)
    assert not model.training
    assert all(p.dtype == torch.float32 and p.requires_grad for p in model.parameters())
    assert not hasattr(model, "enc_q")


def test_the_posterior_encoder_is_kept_on_demand(tmp_path):
    model, path = SoVITS(SMALL, posterior=True), tmp_path / "base.pth"
    save_sovits(model, path, posterior=True)
    assert load_sovits(path, posterior=True).config == SMALL
    assert not hasattr(load_sovits(path), "enc_q")
    save_sovits(model, path)
    with pytest.raises(CheckpointError, match="enc_q"):
        load_sovits(path, posterior=True)


def test_a_fused_model_is_not_saved(tmp_path):
    model = SoVITS(SMALL)
    model.fuse()
    with pytest.raises(CheckpointError, match="fused"):
        save_sovits(model, tmp_path / "voice.pth")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("version", "symbols"), [("v1", 322), ("v2", 732), ("v2Pro", 732), ("v2ProPlus", 732)]
)
def test_versions_are_told_apart_by_content(version, symbols):
    config = dataclasses.replace(SMALL, version=version, symbols=symbols)
    checkpoint = checkpoint_of(config)
    assert sovits_version(checkpoint) == version
    assert sovits_from(checkpoint).config == config


def test_a_pro_version_is_told_by_tag_or_size_where_the_config_is_silent():
    config = dataclasses.replace(SMALL, version="v2Pro")
    silent = replaced(checkpoint_of(config), "model", version=None)
    assert sovits_version(silent) == "v2Pro"
    assert sovits_version(dataclasses.replace(silent, version_tag="v2ProPlus")) == "v2ProPlus"
    wide = dataclasses.replace(config, upsample_initial_channel=768)
    assert sovits_version(replaced(checkpoint_of(wide), "model", version=None)) == "v2ProPlus"


@pytest.mark.parametrize(
    ("weight", "tag", "message"),
    [
        ({"model.h.layers.0.norm1.weight": torch.ones(1)}, None, "GPT checkpoint"),
        ({"cfm.estimator.proj.weight": torch.ones(1)}, None, "v3 and v4"),
        ({"enc_p.text_embedding.weight": torch.ones(732, 4)}, "v4", "v3 and v4"),
        ({"enc_p.text_embedding.weight": torch.ones(100, 4)}, None, "100 symbols"),
        ({"generator.weight": torch.ones(1)}, None, "no SoVITS text encoder"),
    ],
)
def test_other_networks_are_refused_with_a_reason(weight, tag, message):
    with pytest.raises(CheckpointError, match=message):
        sovits_from(Checkpoint(weight, {}, version_tag=tag))


def test_a_gpt_is_recognised():
    assert is_gpt(Checkpoint({"model.ar_predict_layer.weight": torch.ones(1)}, {}))
    assert not is_gpt(checkpoint_of(SMALL))


@pytest.mark.parametrize(
    "changes",
    [
        {"n_layers": 10**9},
        {"n_layers": "6"},
        {"n_heads": 3},
        {"hidden_channels": 0},
        {"upsample_rates": [10, 8, 2, 2]},
        {"upsample_kernel_sizes": [15, 16, 8, 2, 2]},
        {"resblock_kernel_sizes": 3},
        {"resblock_dilation_sizes": [[1, 3]]},
        {"filter_channels": 1 << 19},
        {"p_dropout": None},
    ],
)
def test_a_config_that_does_not_fit_is_refused(changes):
    with pytest.raises(CheckpointError):
        sovits_from(replaced(checkpoint_of(SMALL), "model", **changes))


@pytest.mark.parametrize("section", ["model", "data"])
def test_a_config_without_a_section_is_refused(section):
    checkpoint = checkpoint_of(SMALL)
    config = {name: value for name, value in checkpoint.config.items() if name != section}
    with pytest.raises(CheckpointError, match=section):
        sovits_from(dataclasses.replace(checkpoint, config=config))


def test_a_missing_weight_is_named():
    checkpoint = checkpoint_of(SMALL)
    weight = {n: t for n, t in checkpoint.weight.items() if n != "dec.conv_post.weight"}
    with pytest.raises(CheckpointError, match=r"dec\.conv_post\.weight"):
        sovits_from(dataclasses.replace(checkpoint, weight=weight))
