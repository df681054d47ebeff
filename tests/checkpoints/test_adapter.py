"""Adapters: small files that fit one model, and nothing in them is ever run."""

import os
import pickle

import pytest
import torch

from mynah.acoustic.sovits.model import SoVITS
from mynah.checkpoints.adapter import (
    Adapter,
    FullDelta,
    LowRank,
    fingerprint,
    load_adapter,
    merged,
    save_adapter,
)
from mynah.checkpoints.file import Checkpoint, write_checkpoint
from mynah.checkpoints.sovits import load_sovits, save_sovits
from mynah.errors import CheckpointError

STATE = {
    "conv.weight": torch.randn(6, 4, 3),
    "attention.in_proj_weight": torch.randn(9, 3),
    "last.bias": torch.randn(5),
    "other.weight": torch.randn(2, 2),
}


def adapter(**changes):
    return Adapter(
        fingerprint(STATE),
        {
            "conv.weight": LowRank(torch.randn(2, 12), torch.randn(6, 2)),
            "attention.in_proj_weight": LowRank(torch.randn(1, 3), torch.randn(9, 1)),
            "last.bias": FullDelta(torch.randn(5)),
        }
        | changes,
    )


def refused(path):
    with pytest.raises(CheckpointError) as caught:
        load_adapter(path)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    return message


def test_what_was_written_is_read_back(tmp_path):
    written = adapter()
    save_adapter(written, tmp_path / "a.adapter")
    read = load_adapter(tmp_path / "a.adapter")
    assert read.base == written.base
    assert read.changes.keys() == written.changes.keys()
    for name, change in written.changes.items():
        torch.testing.assert_close(
            read.changes[name].of(STATE[name]), change.of(STATE[name]), rtol=5e-3, atol=5e-3
        )


def test_changes_are_added_and_the_rest_is_shared():
    changes = adapter().changes
    state = merged(STATE, adapter(**changes))
    low = changes["conv.weight"]
    torch.testing.assert_close(
        state["conv.weight"], STATE["conv.weight"] + (low.up @ low.down).view(6, 4, 3)
    )
    torch.testing.assert_close(state["last.bias"], STATE["last.bias"] + changes["last.bias"].delta)
    assert state["other.weight"] is STATE["other.weight"]
    assert state.keys() == STATE.keys()


def test_a_fingerprint_survives_the_precision_of_files_and_nothing_else():
    rounded = {name: tensor.half().float() for name, tensor in STATE.items()}
    assert fingerprint(rounded) == fingerprint(STATE)
    for name, tensor in STATE.items():
        other = tensor.clone()
        other.view(-1)[0] += 0.1
        assert fingerprint(STATE | {name: other}) != fingerprint(STATE)
    assert fingerprint({"x": torch.zeros(2, 3)}) != fingerprint({"x": torch.zeros(3, 2)})


def test_another_base_is_refused():
    other = STATE | {"other.weight": torch.zeros(2, 2)}
    with pytest.raises(CheckpointError, match="trained on another model"):
        merged(other, adapter())


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("nobody.weight", FullDelta(torch.zeros(1)), "lacks"),
        ("last.bias", FullDelta(torch.zeros(4)), "does not fit"),
        ("last.bias", LowRank(torch.zeros(1, 1), torch.zeros(5, 1)), "does not fit"),
        ("conv.weight", LowRank(torch.zeros(1, 4), torch.zeros(6, 1)), "does not fit"),
        # An outer product that no machine has the memory for.
        ("conv.weight", LowRank(torch.zeros(1, 10**6), torch.zeros(10**6, 1)), "does not fit"),
    ],
)
def test_changes_that_do_not_fit_are_refused(name, change, said):
    with pytest.raises(CheckpointError, match=said):
        merged(STATE, adapter(**{name: change}))


def test_a_file_that_would_run_code_is_refused_unrun(tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    content = {"weight": {"x.delta": torch.ones(1)}, "config": {}, "info": Hostile()}
    torch.save(content, tmp_path / "a.adapter")
    assert "could run code" in refused(tmp_path / "a.adapter")
    (tmp_path / "b.adapter").write_bytes(pickle.dumps(Hostile()))
    refused(tmp_path / "b.adapter")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("weight", "config"),
    [
        ({"x.delta": torch.ones(1)}, {}),
        ({"x.delta": torch.ones(1)}, {"adapter": {"base": 7}}),
        ({"x.delta": torch.ones(1)}, {"adapter": "base"}),
        ({"x": torch.ones(1)}, {"adapter": {"base": "b"}}),
        ({"x.down": torch.ones(1, 1)}, {"adapter": {"base": "b"}}),
        ({"x.down": torch.ones(2, 3), "x.up": torch.ones(4, 1)}, {"adapter": {"base": "b"}}),
        ({"x.down": torch.ones(2), "x.up": torch.ones(4, 2)}, {"adapter": {"base": "b"}}),
        ({"x.delta": torch.tensor([torch.nan])}, {"adapter": {"base": "b"}}),
        ({"x.delta": torch.ones(1), "x.up": torch.ones(1, 1)}, {"adapter": {"base": "b"}}),
    ],
)
def test_what_is_no_adapter_is_refused(tmp_path, weight, config):
    write_checkpoint(tmp_path / "a.adapter", Checkpoint(weight, config))
    assert "no adapter" in refused(tmp_path / "a.adapter")


def test_a_tensor_larger_than_its_file_is_refused(tmp_path):
    vast = torch.zeros(1).half().expand(10**12)
    content = {"weight": {"x.delta": vast}, "config": {"adapter": {"base": "b"}}, "info": ""}
    torch.save(content, tmp_path / "a.adapter")
    refused(tmp_path / "a.adapter")


def test_a_missing_file_is_refused(tmp_path):
    refused(tmp_path / "none.adapter")


def test_a_merged_network_is_written_in_the_released_format(tiny, tmp_path):
    base = load_sovits(tiny / "acoustic.pth")
    state = base.state_dict()
    name = "flow.flows.0.enc.in_layers.0.weight_v"
    out, into, taps = state[name].shape
    change = LowRank(torch.randn(2, into * taps), torch.randn(out, 2))
    network = SoVITS(base.config)
    network.load_state_dict(merged(state, Adapter(fingerprint(state), {name: change})))
    save_sovits(network, tmp_path / "voice.pth", info="8epoch")
    again = load_sovits(tmp_path / "voice.pth").state_dict()
    torch.testing.assert_close(
        again[name], state[name] + change.of(state[name]), rtol=1e-2, atol=1e-2
    )
    assert torch.equal(again["enc_p.proj.weight"], state["enc_p.proj.weight"])
