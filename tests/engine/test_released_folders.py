"""Folders as GPT-SoVITS releases them load and speak, or say in one line what is wrong.

`make test-released` runs this file with each major version of transformers.
"""

import json
import logging
import shutil
import socket
import sys
import types

import numpy as np
import pytest
import torch

import released
from language_extras import needs
from mynah.api import Synthesizer
from mynah.audio.recording import Recording
from mynah.encoders.hubert import HubertEncoder
from mynah.encoders.roberta import RobertaTextFeatures
from mynah.engine.loading import load_models
from mynah.errors import CheckpointError
from mynah.options import SpeechOptions
from mynah.text.frontend import analyse
from mynah.voice.samples import samples
from mynah.voice.voice import Voice

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """A HuBERT and a BERT as released, smaller."""
    folder = tmp_path_factory.mktemp("encoders")
    released.write_hubert(folder / released.HUBERT, **released.SMALL_HUBERT)
    released.write_bert(folder / released.BERT, **released.SMALL_BERT)
    return folder


@pytest.fixture
def hubert(encoders, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(encoders / released.HUBERT, tmp_path / released.HUBERT)


@pytest.fixture
def bert(encoders, tmp_path):
    return shutil.copytree(encoders / released.BERT, tmp_path / released.BERT)


@pytest.fixture
def folder(tiny, encoders, tmp_path):
    """A small model in the layout of GPT-SoVITS."""
    folder = shutil.copytree(encoders, tmp_path / "model")
    for name in ("semantic.ckpt", "acoustic.pth"):
        shutil.copy(tiny / name, folder)
    return folder


def states(folder, **changes):
    """Writes other values into a config."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def refused(load, folder):
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    said = str(caught.value)
    assert "\n" not in said and len(said) < 500
    return said


def test_a_prompt_is_heard_with_the_silence_that_upstream_appends_to_it(folder, hum):
    models = load_models(folder, "float32", "cpu")
    samples = np.resize(hum(120).samples, 48_160)
    recording = Recording(samples, 16_000)
    heard = torch.from_numpy(recording.at(16_000).samples)
    features = models.content(torch.cat([heard, torch.zeros(int(32_000 * 0.3))])[None])
    expected = models.sovits.distances(features.transpose(1, 2))[0].argmin(1)
    codes = models.read(Voice("hum", (recording,), ("你好。",), "zh")).codes
    # No feature is dropped for want of samples of a whole token: 57,760 samples are 90 tokens.
    assert len(codes) == 90
    assert torch.equal(codes, expected)


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_folder_as_released_speaks(folder, sample):
    models = load_models(folder, "float32", "cpu")
    prompt = models.read(sample.voice())
    assert len(prompt.codes) and prompt.bert.dtype == torch.float32
    assert Synthesizer(models).speak("你好，world.", sample.voice()).seconds > 0


@pytest.mark.parametrize(
    ("language", "text"),
    [
        pytest.param("ja", "今日は良い天気ですね。", marks=needs("ja")),
        pytest.param("ko", "오늘 날씨가 좋네요.", marks=needs("ko")),
        pytest.param("yue", "今日天氣好好。", marks=needs("yue")),
    ],
)
def test_every_language_is_spoken_and_only_mandarin_has_text_features(folder, language, text):
    models = load_models(folder, "float32", "cpu")
    (sentence,) = analyse(text, language)
    assert not models.text_features(sentence).any()
    sample = samples()[0]
    options = SpeechOptions(language=language)
    assert Synthesizer(models).speak(text, sample.voice(), options).samples.any()


@pytest.mark.parametrize("named", ["torch_dtype", "dtype"])
@pytest.mark.parametrize("precision", ["float16", "bfloat16", None])
def test_weights_are_float32_whatever_the_config_states(hubert, bert, named, precision):
    stored = torch.load(hubert / "pytorch_model.bin")["encoder.layer_norm.weight"]
    for folder in (hubert, bert):
        states(folder, **{"torch_dtype": None, named: precision})
    assert HubertEncoder(hubert)(torch.ones(1, 16_000)).dtype == torch.float32
    weights = HubertEncoder(hubert)._model.encoder.layer_norm.weight
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights.data, stored.float(), rtol=0, atol=0)
    assert {each.dtype for each in RobertaTextFeatures(bert)._model.parameters()} == {torch.float32}


def test_the_positional_convolution_is_the_released_one(hubert):
    """Whose names differ between torch's old and new weight normalisation."""
    stored = torch.load(hubert / "pytorch_model.bin")
    name = "encoder.pos_conv_embed.conv.weight_g"
    stored[name] = stored[name] * 3
    before = HubertEncoder(hubert)(torch.ones(1, 16_000))
    torch.save(stored, hubert / "pytorch_model.bin")
    assert not torch.equal(HubertEncoder(hubert)(torch.ones(1, 16_000)), before)


def test_nothing_is_printed_and_nothing_is_fetched(hubert, bert, monkeypatch, capfd):
    def fetched(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", fetched)
    monkeypatch.setattr(socket.socket, "connect", fetched)
    level = transformers.utils.logging.get_verbosity()
    HubertEncoder(hubert), RobertaTextFeatures(bert)
    assert capfd.readouterr() == ("", "")
    assert transformers.utils.logging.get_verbosity() == level
    assert transformers.utils.logging.is_progress_bar_enabled()


@pytest.mark.parametrize("name", ["config.json", "pytorch_model.bin", "tokenizer.json"])
def test_a_missing_file_is_named(bert, name):
    (bert / name).unlink()
    said = refused(RobertaTextFeatures, bert)
    assert name in said and released.BERT in said


@pytest.mark.parametrize("name", ["config.json", "pytorch_model.bin", "tokenizer.json"])
@pytest.mark.parametrize("kept", [0, 10, 0.5])
def test_a_truncated_file_is_named(bert, name, kept):
    whole = (bert / name).read_bytes()
    (bert / name).write_bytes(whole[: int(kept * len(whole)) if kept == 0.5 else kept])
    assert f"{name}" in refused(RobertaTextFeatures, bert)


def test_weights_that_would_run_code(hubert, tmp_path):
    class RunsCode:
        def __reduce__(self):
            return (tmp_path / "trap").mkdir, ()

    torch.save({"encoder.layer_norm.weight": RunsCode()}, hubert / "pytorch_model.bin")
    assert "pytorch_model.bin" in refused(HubertEncoder, hubert)
    assert not (tmp_path / "trap").exists()


def test_another_architecture(hubert, bert):
    assert "type 'bert', not 'hubert'" in refused(HubertEncoder, bert)
    assert "type 'hubert', not 'bert'" in refused(RobertaTextFeatures, hubert)


def test_another_width(hubert, bert):
    states(hubert, hidden_size=1024)
    states(bert, hidden_size=768)
    assert "has 1024 features, not 768" in refused(HubertEncoder, hubert)
    assert "has 768 features, not 1024" in refused(RobertaTextFeatures, bert)


@pytest.mark.parametrize(
    "changes",
    [
        {"intermediate_size": 16},
        {"num_hidden_layers": 2},
        {"num_attention_heads": 7},
        {"conv_dim": "many"},
        {"hidden_act": "none"},
    ],
)
def test_sizes_that_do_not_fit_the_weights(hubert, changes):
    states(hubert, **changes)
    assert "pytorch_model.bin" in refused(HubertEncoder, hubert)


def test_a_vocabulary_of_another_bert(bert):
    tokenizer = json.loads((bert / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["龘"] = 200
    (bert / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert "BERT of 128 tokens" in refused(RobertaTextFeatures, bert)


@pytest.mark.parametrize("version", ["4.45.2", "6.0.0", "6.0.0.dev0"])
def test_a_version_of_transformers_that_nobody_tried(hubert, monkeypatch, version):
    monkeypatch.setitem(sys.modules, "transformers", types.SimpleNamespace(__version__=version))
    said = refused(HubertEncoder, hubert)
    assert f"from 4.46 to 5, and {version} is installed" in said and "mynah[released]" in said


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        (released.BERT, f"no text features ({released.BERT} is missing): Mandarin sounds flat"),
        (released.HUBERT, f"no content encoder ({released.HUBERT} is missing): voices give"),
    ],
)
def test_what_is_missing_is_logged(folder, name, warning, caplog):
    shutil.rmtree(folder / name)
    with caplog.at_level(logging.WARNING):
        (told,) = load_models(folder, "float32", "cpu").warnings
    assert told.startswith(warning)
    assert [record.getMessage() for record in caplog.records] == [told]
    assert caplog.records[0].missing == name


def test_nothing_is_missing(folder, tiny, caplog):
    """Of a whole folder, of a small model that was trained without a BERT, and of the starter."""
    for each in (folder, tiny, None):
        assert load_models(each, "float32", "cpu").warnings == ()
    assert not caplog.records
