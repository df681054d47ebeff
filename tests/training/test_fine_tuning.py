"""The trainer as a job calls it: from recordings to the files of a version."""

import json
import shutil
from dataclasses import replace

import pytest
import soundfile
import torch
from made_voice import Listener, StopAt, made_slices, never
from tone_speech import RATE, hearing_tones, say, write

from mynah.checkpoints.adapter import Adapter, FullDelta, load_adapter, save_adapter
from mynah.engine.loading import load_models
from mynah.errors import CheckpointError, RecordingError
from mynah.text.reading_scripts import reading_script
from mynah.training import evaluator, fine_tuning
from mynah.training.fine_tuning import FineTuning, best_prompt
from mynah.training.prepare.slices import read_prepared
from mynah.training.trainer import Stopped, TrainingRecording, TrainingRequest

WORDS = " ".join(reading_script("en").sentences[:6])


@pytest.fixture(autouse=True)
def hearing(monkeypatch):
    """Every model that is loaded hears tones."""

    def load(folder, precision):
        return hearing_tones(load_models(folder, precision))

    monkeypatch.setattr(fine_tuning, "load_sovits_models", load)
    monkeypatch.setattr(evaluator, "SENTENCES", 1)  # what is measured does not matter here


@pytest.fixture
def request_of(tiny, tmp_path):
    def make(words=WORDS, stages=("acoustic", "semantic"), epochs=1, parent=None, rank=2):
        samples = say(WORDS)
        path = write(tmp_path / "0.flac", samples)
        recording = TrainingRecording(path, words, len(samples) / RATE)
        return TrainingRequest([recording], "en", epochs, rank, stages, tiny, parent)

    return make


def train(folder, request, should_stop=never):
    folder.mkdir(exist_ok=True)
    listener = Listener()
    return FineTuning().train(folder, request, listener, should_stop), listener


def tensors(path):
    return {
        (name, part): getattr(change, part)
        for name, change in load_adapter(path).changes.items()
        for part in change.__slots__
    }


def same(one, other):
    one, other = tensors(one), tensors(other)
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_a_version_is_made_and_speaks(request_of, tiny, tmp_path):
    files, listener = train(tmp_path / "a", request_of())
    assert files.weights.keys() == {"acoustic.adapter", "semantic.adapter"}
    models = load_models(tiny)
    trained = models.trained(files.weights["acoustic.adapter"].parent)
    assert not torch.equal(
        trained.gpt.h.layers[0].linear1.weight, models.gpt.h.layers[0].linear1.weight
    )
    assert json.loads(json.dumps(files.report))["seconds_kept"] > 20
    measured = ("acoustic_loss", "semantic_loss", "timbre_similarity", "similarity")
    measured += ("phoneme_error_rate",)
    assert files.all_metrics().keys() == {*measured, *(f"{name}_before" for name in measured)}
    assert files.evaluation.doubts == ()
    assert 3 <= files.prompts[0].seconds <= 10
    assert len({prompt.path for prompt in files.prompts}) == len(files.prompts) > 1
    assert files.prompts[0].text in WORDS
    for prompt in files.prompts:
        samples, rate = soundfile.read(prompt.path)
        assert (rate, len(samples) / rate) == (32_000, pytest.approx(prompt.seconds))
    steps, percents, _ = zip(*listener.told, strict=True)
    assert list(percents) == sorted(percents)
    measured = [percent for step, percent, _ in listener.told if step == "measuring"]
    assert measured[0] < measured[-1] < 100
    assert {"acoustic", "semantic", "measuring"} <= set(steps)
    assert listener.checkpoints >= 3


def test_a_stopped_training_goes_on_elsewhere(request_of, tmp_path, monkeypatch):
    request = request_of(epochs=2)
    whole, _ = train(tmp_path / "whole", request)
    place = tmp_path / "first"
    for asked in (1, 3, 3):  # in the acoustic stage, the semantic one, measuring
        with pytest.raises(Stopped):
            train(place, request, StopAt(asked))
        place = shutil.copytree(place, tmp_path / f"{place.name}, moved")
        monkeypatch.setattr(fine_tuning, "prepare", None)  # nothing is prepared twice
    resumed, _ = train(place, request)
    for name, path in whole.weights.items():
        assert same(path, resumed.weights[name])
    assert (resumed.metrics, resumed.evaluation) == (whole.metrics, whole.evaluation)
    assert resumed.report == whole.report


def test_a_v2pro_learns_with_the_speaker_vectors_of_its_slices(request_of, pro, tiny, tmp_path):
    folder = shutil.copytree(pro("v2Pro"), tmp_path / "model")
    shutil.copy(tiny / "content.pth", folder)
    request = replace(request_of(stages=("acoustic",)), model=folder)
    made, _ = train(tmp_path / "work", request)
    slices = read_prepared(tmp_path / "work" / "prepared.pt").slices
    assert {each.speaker_vector.shape for each in slices} == {(20_480,)}
    assert set(made.weights) == {"acoustic.adapter"}
    assert made.metrics["acoustic_loss"] > 0


def test_a_training_goes_on_from_its_parent(request_of, tmp_path):
    first, _ = train(tmp_path / "first", request_of())
    parent = first.weights["acoustic.adapter"].parent
    second, _ = train(tmp_path / "second", request_of(stages=("acoustic",), parent=parent))
    assert second.metrics["acoustic_loss_before"] == pytest.approx(
        first.metrics["acoustic_loss"], rel=1e-3
    )
    assert same(second.weights["semantic.adapter"], first.weights["semantic.adapter"])


def test_a_parent_of_another_model_is_refused(request_of, tmp_path):
    (tmp_path / "parent").mkdir()
    save_adapter(
        Adapter("another", {"enc_p.proj.bias": FullDelta(torch.zeros(32))}),
        tmp_path / "parent" / "acoustic.adapter",
    )
    with pytest.raises(CheckpointError, match="trained on another model"):
        train(tmp_path / "a", request_of(parent=tmp_path / "parent"))


def test_without_words_only_the_sound_is_learned(request_of, tmp_path):
    files, listener = train(tmp_path / "a", request_of(words=None))
    assert files.weights.keys() == {"acoustic.adapter"}
    assert not files.prompts
    assert any("send their text" in message for message in listener.messages)
    with pytest.raises(RecordingError, match="send their text"):
        train(tmp_path / "b", request_of(words=None, stages=("semantic",)))


def hearing_badly(folder, precision):
    return hearing_tones(load_models(folder, precision), prompts=False)


def test_badly_heard_recordings_teach_nothing_and_are_what_the_version_is_prompted_with(
    request_of, tmp_path, monkeypatch
):
    learned, _ = train(tmp_path / "learned", request_of(stages=("acoustic",)))
    monkeypatch.setattr(fine_tuning, "load_sovits_models", hearing_badly)
    files, listener = train(tmp_path / "a", request_of(epochs=None))
    assert not files.weights
    assert files.prompts[0].text in WORDS
    assert any("Nothing is learned" in each for each in listener.messages)
    assert {"similarity", "timbre_similarity", "phoneme_error_rate"} < files.all_metrics().keys()
    wordless, _ = train(tmp_path / "b", request_of(words=None, epochs=None))
    assert len(wordless.prompts) > 1
    assert "words of most of its recordings are not known" in wordless.evaluation.doubts[0]
    with pytest.raises(RecordingError, match="use another model"):
        train(tmp_path / "c", request_of(stages=("semantic",), epochs=None))
    parent = learned.weights["acoustic.adapter"].parent
    again, _ = train(tmp_path / "d", request_of(parent=parent, epochs=None))
    assert same(again.weights["acoustic.adapter"], learned.weights["acoustic.adapter"])


def test_badly_heard_recordings_teach_the_sound_to_who_asks_for_it(
    request_of, tmp_path, monkeypatch
):
    monkeypatch.setattr(fine_tuning, "load_sovits_models", hearing_badly)
    files, listener = train(tmp_path / "a", request_of())
    assert files.weights.keys() == {"acoustic.adapter"}
    assert any("manner of speaking cannot be learned" in each for each in listener.messages)
    with pytest.raises(RecordingError, match="use another model"):
        train(tmp_path / "b", request_of(stages=("semantic",)))


def test_whole_networks_are_learned_on_request(request_of, tmp_path):
    files, _ = train(tmp_path / "a", request_of(rank=0, stages=("acoustic",)))
    changes = load_adapter(files.weights["acoustic.adapter"]).changes
    assert "dec.conv_post.weight" in changes
    assert all(change.__slots__ == ("delta",) for change in changes.values())


def test_a_model_without_a_content_encoder_is_refused(request_of, tmp_path, monkeypatch):
    def load(folder, precision):
        return replace(load_models(folder, precision), content=None)

    monkeypatch.setattr(fine_tuning, "load_sovits_models", load)
    with pytest.raises(CheckpointError, match="no content encoder") as caught:
        train(tmp_path / "a", request_of())
    assert "\n" not in str(caught.value)


def test_the_prompt_is_the_longest_with_words_that_the_gpt_takes():
    long, wordless = made_slices(1, tokens=260), made_slices(1, tokens=240, words=False)
    short, right = made_slices(1, tokens=60), made_slices(2, tokens=120)
    assert best_prompt([*short, *right, *long, *wordless]) is right[0]
    assert best_prompt([*short, *wordless]) is None
