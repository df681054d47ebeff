"""`mynah models inspect` tells what a file holds and runs nothing in it."""

import os

import pytest
import torch

from mynah.checkpoints.file import Checkpoint, write_checkpoint


class RunsCode:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def rows(ended) -> dict[str, str]:
    assert (ended.code, ended.err) == (0, "")
    return dict(
        line.split(": ", 1) for line in map(" ".join, map(str.split, ended.out.splitlines()))
    )


def test_a_gpt(mynah, parity):
    told = rows(mynah("models", "inspect", parity("s1_tiny.ckpt")))
    assert told["file"] == "s1_tiny.ckpt"
    assert told["kind"] == "GPT (semantic)"
    assert told["symbols"] == "732"
    assert told["sizes"] == "3 layers, width 64, 4 heads"
    assert told["trained"] == "GPT-e1"


@pytest.mark.parametrize(
    ("version", "symbols"), [("v1", "322"), ("v2", "732"), ("v2Pro", "732"), ("v2ProPlus", "732")]
)
def test_a_sovits_of_each_version(mynah, parity, version, symbols):
    told = rows(mynah("models", "inspect", parity(f"s2_{version}_tiny.pth")))
    assert told["kind"] == "SoVITS (acoustic)"
    assert (told["version"], told["symbols"], told["rate"]) == (version, symbols, "32000 Hz")
    assert "million in" in told["parameters"]


def test_a_content_encoder(mynah, tiny):
    assert rows(mynah("models", "inspect", tiny / "content.pth"))["kind"] == "content encoder"


def test_what_a_file_says_of_itself_cannot_command_the_terminal(mynah, parity, tmp_path):
    whole = torch.load(parity("s1_tiny.ckpt"))
    torch.save(whole | {"info": "e1\n\x1b]0;owned\x07trained"}, tmp_path / "odd.ckpt")
    assert rows(mynah("models", "inspect", tmp_path / "odd.ckpt"))["trained"] == (
        "e1 ]0;owned trained"
    )


def test_a_truncated_file(refused, parity, tmp_path):
    path = tmp_path / "half.pth"
    path.write_bytes(parity("s2_v2_tiny.pth").read_bytes()[:100_000])
    assert "half.pth is damaged or incomplete" in refused("models", "inspect", path)


def test_a_file_that_would_run_code(refused, tmp_path):
    path, trap = tmp_path / "evil.pth", tmp_path / "trap"
    torch.save({"weight": {"a": torch.ones(1)}, "config": {}, "info": RunsCode(trap)}, path)
    assert "could run code" in refused("models", "inspect", path)
    assert not trap.exists()


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_a_version_that_is_not_supported(refused, tmp_path, version):
    path = tmp_path / "later.pth"
    weight = {"enc_p.text_embedding.weight": torch.ones(732, 4)}
    write_checkpoint(path, Checkpoint(weight, {}, version_tag=version))
    assert "v3 and v4 are not supported yet" in refused("models", "inspect", path)


def test_a_sovits_whose_config_makes_no_sense(refused, parity, tmp_path):
    whole = torch.load(parity("s2_v2_tiny.pth"))
    torch.save(whole | {"config": whole["config"] | {"data": []}}, tmp_path / "odd.pth")
    assert "config cannot be read" in refused("models", "inspect", tmp_path / "odd.pth")


def test_no_file_and_no_checkpoint(refused, tmp_path):
    assert "No such file" in refused("models", "inspect", tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("hello")
    assert "not a GPT-SoVITS checkpoint" in refused("models", "inspect", tmp_path / "text.pth")
