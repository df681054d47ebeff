"""`mynah models inspect` tells what a file holds and runs nothing in it."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
import torch


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


def test_a_folder_whose_encoders_are_missing(mynah, parity, tmp_path):
    folder = tmp_path / "teacher"
    folder.mkdir()
    shutil.copy(parity("s1_tiny.ckpt"), folder)
    shutil.copy(parity("s2_v2_tiny.pth"), folder)
    told = rows(mynah("models", "inspect", folder))
    assert told["folder"] == "teacher"
    assert told["GPT"].startswith("s1_tiny.ckpt: GPT (semantic), v2 or later, 3 layers")
    assert told["SoVITS"].startswith("s2_v2_tiny.pth: SoVITS (acoustic), v2, 32000 Hz")
    assert told["content"] == (
        "missing (chinese-hubert-base): voices give their timbre only, not their way of speaking"
    )
    assert told["BERT"] == "missing (chinese-roberta-wwm-ext-large): Mandarin sounds flat"


def test_a_folder_with_its_encoders(mynah, parity, tmp_path):
    for name, kind, width in (
        ("chinese-hubert-base", "hubert", 768),
        ("chinese-roberta-wwm-ext-large", "bert", 1024),
    ):
        (tmp_path / name).mkdir()
        config = {"model_type": kind, "hidden_size": width, "num_hidden_layers": 12}
        (tmp_path / name / "config.json").write_text(json.dumps(config))
    (tmp_path / "chinese-hubert-base" / "pytorch_model.bin").write_bytes(bytes(2_000_000))
    told = rows(mynah("models", "inspect", tmp_path))
    assert told["GPT"] == "missing (a .ckpt file): the model cannot speak"
    assert told["content"] == "chinese-hubert-base: hubert, 12 layers, pytorch_model.bin of 2 MB"
    assert "no weights (model.safetensors or pytorch_model.bin)" in told["BERT"]


def test_a_folder_of_a_version_with_a_speaker_encoder(mynah, pro, tmp_path):
    told = rows(mynah("models", "inspect", pro("v2Pro")))
    name = "pretrained_eres2netv2w24s4ep4.ckpt"
    assert told["speaker encoder"].startswith(f"sv/{name}: ERes2NetV2 of ")
    folder = shutil.copytree(pro("v2Pro"), tmp_path / "without")
    shutil.rmtree(folder / "sv")
    told = rows(mynah("models", "inspect", folder))
    assert told["speaker encoder"] == f"missing (sv/{name}): the model cannot speak"


def test_a_folder_that_speaks_by_itself(mynah, tiny, tmp_path):
    told = rows(mynah("models", "inspect", tiny))
    assert told["content"].startswith("content.pth: content encoder")
    assert "BERT" not in told
    folder = shutil.copytree(tiny, tmp_path / "two")
    shutil.copy(folder / "acoustic.pth", folder / "another.pth")
    told = rows(mynah("models", "inspect", folder))
    assert told["SoVITS"].startswith("acoustic.pth, another.pth: the model cannot speak")


def test_an_encoder_of_another_kind(refused, tmp_path):
    (tmp_path / "chinese-hubert-base").mkdir()
    (tmp_path / "chinese-hubert-base" / "config.json").write_text('{"model_type": "bert"}')
    assert "not 'hubert'" in refused("models", "inspect", tmp_path)


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


@pytest.mark.parametrize(("version", "rate"), [("v3", 24_000), ("v4", 48_000)])
def test_flow_matching_whole_and_lora(mynah, parity_v3, version, rate):
    told = rows(mynah("models", "inspect", parity_v3(f"s2_{version}_tiny.pth")))
    assert (told["version"], told["rate"]) == (version, f"{rate} Hz")
    assert told["sizes"] == "DiT of 2 layers, width 192, 3 heads"
    told = rows(mynah("models", "inspect", parity_v3(f"s2_{version}_lora_tiny.pth")))
    assert (told["version"], told["sizes"]) == (version, "LoRA, on its base model")


def test_a_folder_with_a_vocoder_and_without(mynah, flow_folder, tmp_path):
    told = rows(mynah("models", "inspect", flow_folder("v4")))
    assert told["vocoder"].startswith("vocoder.pth: ")
    folder = shutil.copytree(flow_folder("v4"), tmp_path / "without")
    (folder / "vocoder.pth").unlink()
    told = rows(mynah("models", "inspect", folder))
    assert told["vocoder"] == "missing (gsv-v4-pretrained/vocoder.pth): the model cannot speak"


def test_a_sovits_whose_config_makes_no_sense(refused, parity, tmp_path):
    whole = torch.load(parity("s2_v2_tiny.pth"))
    torch.save(whole | {"config": whole["config"] | {"data": []}}, tmp_path / "odd.pth")
    assert "config cannot be read" in refused("models", "inspect", tmp_path / "odd.pth")


@pytest.mark.parametrize("name", ["s2_v2_tiny.pth", "s2_v2Pro_tiny.pth"])
def test_a_file_is_told_without_pytorch_and_without_the_values_of_its_tensors(
    parity, tmp_path, name
):
    """Which take more than the second that 770 MB may take."""
    file = tmp_path / "holes.pth"
    file.write_bytes(parity(name).read_bytes())
    with file.open("r+b") as opened:
        opened.seek(-60_000, os.SEEK_END)
        opened.write(bytes(100))
    script = "import sys; sys.modules['torch'] = None; from mynah.cli import main; main()"
    command = [sys.executable, "-c", script, "models", "inspect", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"version:     {name.split('_')[1]}" in ended.stdout


def test_a_file_whose_tensors_are_shorter_than_it_says(refused, parity, tmp_path):
    whole, path = parity("s2_v2_tiny.pth"), tmp_path / "short.pth"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            short = entry.filename.endswith("/data/0")
            target.writestr(entry.filename, data[:-2] if short else data)
    assert "damaged or incomplete" in refused("models", "inspect", path)


def test_no_file_and_no_checkpoint(refused, tmp_path):
    assert "No such file" in refused("models", "inspect", tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("hello")
    assert "not a GPT-SoVITS checkpoint" in refused("models", "inspect", tmp_path / "text.pth")


def pipe(path):
    os.mkfifo(path)


def endless_device(path):
    path.symlink_to("/dev/zero")


def link_to_itself(path):
    path.symlink_to(path)


def nested(path, levels: int = 5000):
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    torch.save({"weight": {"a": torch.zeros(1)}, "config": value, "info": ""}, path)


def nested_lists(path):
    value: object = 1
    for _ in range(5000):
        value = [value]
    torch.save({"weight": {"a": torch.zeros(1)}, "config": {}, "info": value}, path)


def doubled(path):
    value: object = {}
    for _ in range(48):
        value = {"a": value, "b": value}
    torch.save({"weight": {"a": torch.zeros(1)}, "config": value, "info": ""}, path)


def in_itself(path):
    config: dict[str, object] = {}
    config["config"] = config
    torch.save({"weight": {"a": torch.zeros(1)}, "config": config, "info": ""}, path)


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize(
    "make", [pipe, endless_device, link_to_itself, nested, nested_lists, doubled, in_itself]
)
def test_what_would_hang_or_overflow_is_refused_in_one_line(refused, tmp_path, make, within):
    path = tmp_path / "odd.ckpt"
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)  # for pickle, which writes deep values by recursion
    try:
        make(path)
    finally:
        sys.setrecursionlimit(limit)
    assert "odd.ckpt" in refused("models", "inspect", tmp_path if within else path)
