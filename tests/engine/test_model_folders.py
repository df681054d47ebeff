"""A folder becomes a model, or an error that says what the folder lacks."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mynah.api import Synthesizer
from mynah.audio.spectrogram import linear_spectrogram
from mynah.checkpoints.folder import SPEAKER_ENCODER
from mynah.encoders.ctc_aligner import AlignerConfig
from mynah.engine.loading import load_models
from mynah.errors import CheckpointError, UnsupportedError
from mynah.starter.checkpoint import Content, save_content
from mynah.starter.content_encoder import MelContentEncoder
from mynah.voice.voice import Voice


@pytest.fixture
def folder(tiny, tmp_path) -> Path:
    """A copy of the tiny model to spoil."""
    return Path(shutil.copytree(tiny, tmp_path / "model"))


def refused(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_models(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_files_names_do_not_matter(folder, voice):
    (folder / "semantic.ckpt").rename(folder / "teacher-e15.ckpt")
    (folder / "acoustic.pth").rename(folder / "teacher_e8_s200.pth")
    assert Synthesizer(load_models(str(folder))).speak("Hello, world.", voice).seconds > 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("semantic.ckpt", r"one .ckpt file, the GPT .* holds none"),
        ("acoustic.pth", r"one .pth file, the SoVITS .* holds none"),
    ],
)
def test_a_missing_part_is_named(folder, name, said):
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=said):
        load_models(folder)


def test_two_files_for_one_part_are_named(folder):
    shutil.copy(folder / "acoustic.pth", folder / "another.pth")
    assert "acoustic.pth, another.pth" in refused(folder)


def test_there_is_no_folder(tmp_path):
    assert "no folder" in refused(tmp_path / "none")
    (tmp_path / "file").touch()
    assert "no folder" in refused(tmp_path / "file")


@pytest.mark.parametrize("name", ["semantic.ckpt", "acoustic.pth", "content.pth"])
def test_a_truncated_part_is_named(folder, name):
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    assert f"{name} is damaged" in refused(folder)


def test_parts_in_each_others_place(folder):
    shutil.copy(folder / "semantic.ckpt", folder / "acoustic.pth")
    assert "GPT checkpoint" in refused(folder)


def test_a_content_encoder_of_another_kind(folder, parity):
    shutil.copy(parity("s2_v2_tiny.pth"), folder / "content.pth")
    assert "content.pth is not a content encoder" in refused(folder)


def test_a_gpt_of_another_version(folder, parity):
    shutil.copy(parity("s2_v1_tiny.pth"), folder / "acoustic.pth")
    assert "SoVITS is v1 and the GPT, with 732 phonemes" in refused(folder)


@pytest.mark.parametrize("version", ["v2Pro", "v2ProPlus"])
def test_a_version_without_its_speaker_encoder(folder, parity, version):
    shutil.copy(parity(f"s2_{version}_tiny.pth"), folder / "acoustic.pth")
    said = refused(folder)
    assert f"The SoVITS is {version}, which needs the speaker encoder" in said
    assert said.endswith(f"into {folder}/sv.") and f"put {SPEAKER_ENCODER}" in said


def test_a_speaker_encoder_that_cannot_be_used(pro, tmp_path):
    folder = Path(shutil.copytree(pro("v2Pro"), tmp_path / "model"))
    file = folder / "sv" / SPEAKER_ENCODER
    whole = file.read_bytes()
    file.write_bytes(whole[:1000])
    assert f"speaker encoder cannot be used: {SPEAKER_ENCODER} is damaged" in refused(folder)
    torch.save({"conv1.weight": torch.ones(1)}, file)
    assert "speaker encoder cannot be used: the weight conv1.weight has shape" in refused(folder)
    shutil.copy(folder / "s1v3.ckpt", file)
    assert "does not hold weights alone" in refused(folder)


@pytest.mark.parametrize("version", ["v2Pro", "v2ProPlus"])
def test_the_pro_versions_speak_in_the_timbre_that_the_speaker_encoder_hears(pro, version, hum):
    models = load_models(pro(version), "float32")
    high, low = (Voice(str(pitch), (hum(pitch),)) for pitch in (300, 120))
    heard = [models.embed(voice).values for voice in (high, low)]
    assert heard[0].shape == (20_480,) and not np.allclose(*heard)
    timbres = [models.read(voice).conditioning.timbre for voice in (high, low)]
    assert timbres[0].shape == (1, 1024, 1)
    spectrogram = linear_spectrogram(torch.from_numpy(hum(300).at(32_000).samples)[None])
    vector = torch.from_numpy(heard[0])[None]
    torch.testing.assert_close(timbres[0], models.sovits.timbre([spectrogram], [vector]))
    assert not torch.allclose(timbres[0], models.sovits.timbre([spectrogram], [vector + 1]))
    assert Synthesizer(models).speak("Hello.", high).samples.any()


def test_the_speaker_encoder_may_lie_beside_the_other_files(pro, tmp_path, hum):
    folder = Path(shutil.copytree(pro("v2Pro"), tmp_path / "model"))
    shutil.move(folder / "sv" / SPEAKER_ENCODER, folder)
    assert load_models(folder).speaker is not None


def test_a_model_without_a_speaker_encoder_embeds_no_voice(models, voice):
    with pytest.raises(UnsupportedError, match=SPEAKER_ENCODER):
        models.embed(voice)


def test_an_encoder_that_is_not_for_prompts_gives_none(folder, models, voice):
    encoder = MelContentEncoder(AlignerConfig(width=32, layers=1, heads=2, hidden=32))
    save_content(Content(encoder, uses_prompts=False), folder / "content.pth", info="tiny")
    assert len(models.read(voice).codes)
    prompt = load_models(folder, "float32").read(voice)
    assert not len(prompt.codes) and not len(prompt.phones)
    torch.testing.assert_close(prompt.conditioning.timbre, models.read(voice).conditioning.timbre)


def test_released_files_beside_a_hubert(folder, parity, voice):
    """The layout of GPT-SoVITS, with networks of its sizes that are smaller."""
    transformers = pytest.importorskip("transformers")
    for name in ("semantic.ckpt", "acoustic.pth", "content.pth"):
        (folder / name).unlink()
    shutil.copy(parity("s1_tiny.ckpt"), folder)
    shutil.copy(parity("s2_v2_tiny.pth"), folder)
    sizes = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    config = transformers.HubertConfig(hidden_size=768, conv_dim=(8,) * 7, **sizes)
    transformers.HubertModel(config).save_pretrained(folder / "chinese-hubert-base")
    models = load_models(folder)
    samples = torch.from_numpy(voice.recordings[0].samples)[None]
    assert models.sovits.distances(models.content(samples).mT).shape == (1, 74, 1024)


def test_a_hubert_that_cannot_be_read(folder):
    pytest.importorskip("transformers")
    (folder / "content.pth").unlink()
    (folder / "chinese-hubert-base").mkdir()
    assert "chinese-hubert-base" in refused(folder)


def test_loading_does_not_load_the_compiler():
    """Which takes a second and a hundred megabytes, and nothing is compiled."""
    program = (
        "import sys; from mynah.engine.loading import load_models; load_models();"
        "print(sorted({'torch._dynamo', 'sympy'} & set(sys.modules)))"
    )
    told = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert told.strip() == "[]"
