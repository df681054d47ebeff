"""`mynah import` on upstream's working tree and GSVI's characters, as people have them."""

import json
import shutil
from pathlib import Path

import pytest
import soundfile

from mynah.voice.samples import samples

NAME = "小 明 🎤"


@pytest.fixture(autouse=True)
def places(monkeypatch, tmp_path):
    monkeypatch.setenv("MYNAH_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("MYNAH_DATA", str(tmp_path / "data"))


def speech(path: Path):
    recording = next(each for each in samples() if each.name == "ljspeech").voice().recordings[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, recording.between(0.0, 6.0).samples, recording.sample_rate)


@pytest.fixture
def tree(parity, tmp_path):
    """A tree with two epochs of a v2 voice, a v2Pro one with a GPT of v2, and its clips."""
    root = tmp_path / "GPT-SoVITS"
    (root / "SoVITS_weights_v2").mkdir(parents=True)
    (root / "SoVITS_weights_v2Pro").mkdir()
    (root / "GPT_weights_v2").mkdir()
    for epoch in (4, 12):
        shutil.copy(parity("s2_v2_tiny.pth"), root / f"SoVITS_weights_v2/{NAME}_e{epoch}_s90.pth")
    shutil.copy(parity("s2_v2Pro_tiny.pth"), root / f"SoVITS_weights_v2Pro/{NAME}_e8_s90.pth")
    shutil.copy(parity("s1_tiny.ckpt"), root / f"GPT_weights_v2/{NAME}-e15.ckpt")
    speech(root / "logs" / NAME / "5-wav32k" / "a.wav_0000000000_0000192000.wav")
    line = rf"D:\clips\a.wav_0000000000_0000192000.wav|{NAME}|EN|In being comparatively | modern."
    (root / "output.list").write_text(line + "\n", "utf-8")
    text = "a.wav_0000000000_0000192000.wav\tIH0 N\t[2]\tin being\n"
    (root / "logs" / NAME / "2-name2text.txt").write_text(text, "utf-8")
    return root


def snapshot(root: Path):
    return {path: path.stat().st_mtime_ns for path in root.rglob("*")}


def table(out: str):
    return {row[0]: row[1:] for row in (line.split("\t") for line in out.splitlines()) if row[1:]}


def test_a_working_tree(mynah, tree, tmp_path):
    before = snapshot(tree)
    ended = mynah("import", tree, stdin=b"n\n")
    assert ended.code == 1 and not (tmp_path / "models").exists()
    rows = table(ended.out)
    assert rows[f"{NAME}-v2"][2] == f"{NAME}_e12_s90.pth"
    assert "is the last of 2 epochs" in rows[f"{NAME}-v2"][4]
    assert "the GPT lies among v2" in rows[f"{NAME}-v2Pro"][4]
    assert mynah("import", tree, stdin=b"y\n").code == 0
    folder = tmp_path / "models" / f"{NAME}-v2"
    assert (folder / f"{NAME}_e12_s90.pth").readlink().is_relative_to(tree)
    assert snapshot(tree) == before
    out = tmp_path / "a.wav"
    ended = mynah("say", "Hello.", "--model", folder.name, "--voice", folder.name, "--out", out)
    assert ended.code == 0 and soundfile.info(out).samplerate == 32_000


def test_the_last_choice_of_the_web_form(mynah, tree):
    chosen = {
        "GPT": {},
        "SoVITS": {"v2": [rf"SoVITS_weights_v2\{NAME}_e4_s90.pth"], "v3": "底模！"},
    }
    (tree / "weight.json").write_text(json.dumps(chosen), "utf-8")
    assert table(mynah("import", tree, stdin=b"n\n").out)[f"{NAME}-v2"][2] == f"{NAME}_e4_s90.pth"


def test_again_adds_what_is_new(mynah, tree, parity):
    assert mynah("import", tree, "--yes").code == 0
    assert "nothing new" in mynah("import", tree, "--yes").out
    shutil.copy(parity("s2_v2_tiny.pth"), tree / "SoVITS_weights_v2/other_e8_s9.pth")
    shutil.copy(parity("s1_tiny.ckpt"), tree / "GPT_weights_v2/other-e5.ckpt")
    ended = mynah("import", tree, "--yes")
    assert table(ended.out)[f"{NAME}-v2"][4] == "there already"
    assert "other-v2, voices: none" in ended.out
    assert "give one to speak with" in table(ended.out)["other-v2"][4]


def test_what_cannot_be_used_is_named_and_leaves_nothing(mynah, tree, parity, tmp_path):
    half = parity("s2_v2_tiny.pth").read_bytes()[:50_000]
    (tree / "SoVITS_weights_v2/half_e1_s1.pth").write_bytes(half)
    shutil.copy(parity("s1_tiny.ckpt"), tree / "GPT_weights_v2/half-e1.ckpt")
    shutil.copy(parity("s1_tiny.ckpt"), tree / "GPT_weights_v2/lonely-e1.ckpt")
    (tree / "SoVITS_weights").mkdir()
    shutil.copy(parity("s2_v1_tiny.pth"), tree / "SoVITS_weights/old_e1_s1.pth")
    shutil.copy(parity("s1_tiny.ckpt"), tree / "GPT_weights_v2/old-e1.ckpt")
    ended = mynah("import", tree, "--yes")
    assert "half (v2): half_e1_s1.pth is damaged or incomplete" in ended.err
    assert "lonely: a GPT without a SoVITS" in ended.err
    assert "old-e1.ckpt and old_e1_s1.pth are of v1 and of a later version" in ended.err
    made = sorted(path.name for path in (tmp_path / "models").iterdir())
    assert made == [f"{NAME}-v2", f"{NAME}-v2Pro"]


@pytest.fixture
def character(parity, tmp_path):
    folder = tmp_path / "trained" / "Anna"
    speech(folder / "你好。.wav")
    speech(folder / "走开！.wav")
    shutil.copy(parity("s1_tiny.ckpt"), folder / "anna-e10.ckpt")
    shutil.copy(parity("s2_v2_tiny.pth"), folder / "anna_e8_s9.pth")
    emotions = {
        name: {"ref_wav_path": path, "prompt_text": text, "prompt_language": "中文"}
        for name, path, text in (
            ("default", "你好。.wav", "你好。"),
            ("生气", "走开！.wav", "走开！"),
            ("sad", "lost.wav", "呜。"),
        )
    }
    config = {"gpt_path": "anna-e10.ckpt", "sovits_path": r"C:\x\anna_e8_s9.pth"}
    config |= {"software_version": "1.1", "简介": "", "emotion_list": emotions}
    (folder / "infer_config.json").write_text(json.dumps(config), "utf-8")
    return folder


def test_a_character_with_emotions(mynah, character, tmp_path):
    ended = mynah("import", tmp_path / "trained", "--yes")
    assert ended.code == 0
    row = table(ended.out)["Anna-v2"]
    assert row[3] == "Anna-v2, Anna-v2-生气" and "1 emotions without" in row[4]
    out = tmp_path / "a.wav"
    arguments = ["--model", "Anna-v2", "--voice", "Anna-v2-生气", "--out", out]
    assert mynah("say", "你好。", *arguments).code == 0


def test_three_gpts_and_one_sovits(mynah, character, parity):
    for name in ("b.ckpt", "c.ckpt"):
        shutil.copy(parity("s1_tiny.ckpt"), character / name)
    config = json.loads((character / "infer_config.json").read_text())
    (character / "infer_config.json").write_text(json.dumps(config | {"gpt_path": "gone.ckpt"}))
    ended = mynah("import", character, "--yes")
    assert "Anna: infer_config.json names no .ckpt file that is there, of" in ended.err
    assert "nothing new" in ended.out


def test_a_folder_of_something_else(refused, tmp_path):
    assert "There is no folder" in refused("import", tmp_path / "none")
    assert "no folder SoVITS_weights" in refused("import", tmp_path)
