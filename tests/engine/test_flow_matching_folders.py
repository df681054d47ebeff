"""Folders of v3 and v4 become models that speak, or errors that say what the folder lacks."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from mynah.api import Synthesizer
from mynah.engine.loading import load_models, load_sovits_models
from mynah.errors import CheckpointError, RecordingError
from mynah.options import SpeechOptions
from mynah.voice.voice import Voice

RATES = {"v3": 24_000, "v4": 48_000}
BIGVGAN = "models--nvidia--bigvgan_v2_24khz_100band_256x"


@pytest.fixture(params=["v3", "v4"])
def version(request):
    return request.param


@pytest.fixture
def folder(flow_folder, version, tmp_path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(flow_folder(version), tmp_path / "model"))


def refused(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_models(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def spoken(folder, voice, text="Hello.", **options):
    models = load_models(folder, "float32", "cpu")
    return Synthesizer(models).speak(text, voice, SpeechOptions(**options))


def test_both_speak_at_their_own_rate_and_by_their_seed(folder, version, voice):
    models = load_models(folder, "float32", "cpu")
    synthesizer = Synthesizer(models)
    said = [synthesizer.speak("Hello.", voice, SpeechOptions(seed=seed)) for seed in (1, 1, 2)]
    assert {each.sample_rate for each in said} == {RATES[version], models.acoustic.sample_rate}
    assert said[0].samples.any() and np.abs(said[0].samples).max() < 1
    assert np.array_equal(said[0].samples, said[1].samples)
    assert not np.array_equal(said[0].samples[:5000], said[2].samples[:5000])


def test_sentences_come_one_by_one_with_a_pause_at_the_speechs_rate(flow_folder, voice):
    models = load_models(flow_folder("v4"), "float32", "cpu")
    chunks = list(Synthesizer(models).stream("Hello. Good morning.", voice))
    assert [chunk.text for chunk in chunks] == ["Hello.", "Good morning."]
    pause = int(0.3 * models.acoustic.sample_rate)
    assert not chunks[0].samples[-pause:].any() and chunks[0].samples[-pause - 1000 : -pause].any()


def test_speed_changes_the_duration_alone(flow_folder, voice):
    slow, fast = (spoken(flow_folder("v4"), voice, speed=speed).seconds for speed in (1.0, 2.0))
    assert fast == pytest.approx(slow / 2, abs=0.05)


@pytest.mark.parametrize("texts", [(), ("",)])
def test_a_voice_without_words_is_refused(folder, version, hum, texts):
    with pytest.raises(RecordingError, match=f"A {version} continues the voice's first recording"):
        spoken(folder, Voice("hum", (hum(180),), texts))


def test_a_missing_vocoder_is_named(folder, version):
    shutil.rmtree(folder / BIGVGAN, ignore_errors=True)
    (folder / "vocoder.pth").unlink(missing_ok=True)
    place = {"v3": f"{BIGVGAN}/bigvgan_generator.pt", "v4": "gsv-v4-pretrained/vocoder.pth"}
    assert f"is {version}, which needs its vocoder; put {place[version]}" in refused(folder)


def test_a_missing_content_encoder_is_named(folder, version):
    (folder / "content.pth").unlink()
    assert f"The SoVITS is {version}" in refused(folder)
    assert "put the folder chinese-hubert-base" in refused(folder)


def test_a_broken_vocoder_is_named(flow_folder, tmp_path):
    three, four = (
        Path(shutil.copytree(flow_folder(version), tmp_path / version)) for version in ("v3", "v4")
    )
    (three / BIGVGAN / "config.json").unlink()
    assert "bigvgan_generator.pt cannot be used: there is no config.json" in refused(three)
    (three / BIGVGAN / "config.json").write_text("{}")
    assert "its config.json cannot be read" in refused(three)
    torch.save({"conv_pre.weight": torch.ones(64, 100, 7)}, four / "vocoder.pth")
    assert "vocoder.pth cannot be used: the checkpoint lacks the weight" in refused(four)


def test_a_file_that_does_not_tell_its_version_is_what_its_vocoder_is_for(folder, version):
    file = folder / f"s2_{version}_tiny.pth"
    whole = torch.load(file)
    del whole["config"]["model"]["version"]
    torch.save(whole, file)
    assert load_models(folder, "float32", "cpu").acoustic.sample_rate == RATES[version]
    shutil.rmtree(folder / BIGVGAN, ignore_errors=True)
    (folder / "vocoder.pth").unlink(missing_ok=True)
    assert "v3 or v4, and its file does not tell which" in refused(folder)


def test_a_lora_file_speaks_with_its_base_beside_it(flow_folder, parity_v3, tmp_path, voice):
    folder = Path(shutil.copytree(flow_folder("v4"), tmp_path / "model"))
    shutil.copy(parity_v3("s2_v4_lora_tiny.pth"), folder / "teacher_e2_s4_l4.pth")
    (folder / "gsv-v4-pretrained").mkdir()
    (folder / "s2_v4_tiny.pth").rename(folder / "gsv-v4-pretrained" / "s2Gv4.pth")
    tuned, plain = (spoken(each, voice).samples[:5000] for each in (folder, flow_folder("v4")))
    assert tuned.any() and not np.allclose(tuned, plain, atol=1e-3)


def test_a_lora_file_without_its_base_is_refused(folder, version, parity_v3):
    (folder / f"s2_{version}_tiny.pth").unlink()
    shutil.copy(parity_v3(f"s2_{version}_lora_tiny.pth"), folder)
    assert f"LoRA file of {version}, which cannot speak without its base" in refused(folder)
    assert f"put s2G{version}.pth" in refused(folder)


def test_its_voices_cannot_be_trained_yet(folder, version, tmp_path):
    with pytest.raises(CheckpointError, match=f"{version}, whose voices cannot be trained yet"):
        load_sovits_models(folder)
    with pytest.raises(CheckpointError, match="no trained versions yet"):
        load_models(folder, "float32", "cpu").trained(tmp_path)
