"""Speech with prescribed durations: a graph of a few nodes stands in for Kokoro."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import soundfile

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("misaki")
pytest.importorskip("wordfreq")

from recipes.starter import dictation, kokoro  # noqa: E402
from recipes.starter.letters import letters  # noqa: E402
from recipes.starter.timing import AHEAD, LEAD  # noqa: E402

from mynah.text.frontend import analyse  # noqa: E402

TEXTS = {"zh": ["你好，我是八哥。"], "en": ["Hello, I am a talking bird."]}
STYLES = {name: np.zeros((510, 256), np.float32) for name in ("af_a", "am_b", "zf_c", "zm_d")}
PITCH = 150.0


def spelt(language: str):
    (sentence,) = analyse(TEXTS[language][0], language=language, split="cut0")
    return letters(sentence, language), list(sentence.phones)


@pytest.fixture(scope="module")
def voice(tmp_path_factory) -> kokoro.Kokoro:
    """Each letter is a level, 58 ms before it is planned; each lasts for 3 frames if it may."""
    folder = tmp_path_factory.mktemp("kokoro")
    node, floats, ints = onnx.helper.make_node, onnx.TensorProto.FLOAT, onnx.TensorProto.INT64

    def constant(name: str, values: object, kind: int):
        array = np.array(values, {floats: np.float32, ints: np.int64}[kind])
        return onnx.numpy_helper.from_array(array, name)

    graph = onnx.helper.make_graph(
        [
            node("Cast", ["input_ids"], ["ids"], to=floats),
            node("Mul", ["ids", "zero"], ["nothing"]),
            node("Add", ["nothing", "three"], [kokoro.LENGTHS]),
            node("CumSum", [kokoro.LENGTHS, "one"], ["ends"]),
            node("Mul", ["ends", "frame"], ["edges"]),
            node("ReduceMax", ["edges"], ["all"], keepdims=0),
            node("Range", ["begin", "all", "step"], ["times"]),
            node("Unsqueeze", ["times", "one"], ["column"]),
            node("GreaterOrEqual", ["column", "edges"], ["past"]),
            node("Cast", ["past"], ["counted"], to=ints),
            node("ReduceSum", ["counted", "one"], ["spoken"], keepdims=0),
            node("Reshape", ["ids", "flat"], ["row"]),
            node("Gather", ["row", "spoken"], ["number"]),
            node("Mul", ["number", "quiet"], ["audio"]),
            node("Slice", ["audio", "every", "end", "nought", "half"], ["sparse"]),
            node("Mul", ["sparse", "zero"], ["flatness"]),
            node("Add", ["flatness", "pitched"], [kokoro.PITCH]),
            node("Identity", ["audio"], ["waveform"]),
        ],
        "voice",
        [
            onnx.helper.make_tensor_value_info("input_ids", ints, [1, "letters"]),
            onnx.helper.make_tensor_value_info("style", floats, [1, 256]),
            onnx.helper.make_tensor_value_info("speed", floats, [1]),
        ],
        [onnx.helper.make_tensor_value_info("waveform", floats, ["samples"])],
        [
            constant("zero", 0.0, floats),
            constant("three", 3.0, floats),
            constant("one", [1], ints),
            constant("frame", 600.0, floats),
            constant("begin", AHEAD * 24_000, floats),
            constant("step", 1.0, floats),
            constant("flat", [-1], ints),
            constant("quiet", 0.005, floats),
            constant("every", [0], ints),
            constant("end", [10**9], ints),
            constant("nought", [0], ints),
            constant("half", [300], ints),
            constant("pitched", PITCH, floats),
        ],
        value_info=[onnx.helper.make_tensor_value_info(kokoro.LENGTHS, floats, [1, "letters"])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, folder / "model.onnx")
    used = sorted({letter.text for language in TEXTS for letter in spelt(language)[0]})
    vocabulary = {"vocab": {text: number + 1 for number, text in enumerate(used)}}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    return kokoro.Kokoro(folder / "model.onnx", folder / "vocab.json", 1)


@pytest.mark.parametrize("size", [0.9, 1.0, 1.15])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_token_sounds_as_its_phoneme(voice, language: str, size: float):
    told, phones = spelt(language)
    speaker = dictation.Speaker("somebody", STYLES["zf_c"], size, 1.1)
    said = dictation.say(voice, told, phones, speaker, 1.0)
    assert len(said.samples) == pytest.approx(len(said.places) * 1920, abs=100)
    allowed = [{letter.text for letter in told if place in letter.places} for place in said.places]
    for number, texts in enumerate(allowed):
        token = said.samples[1920 * number :][:1920]
        # Letters of a phoneme may change at one of these times.
        heard = {round(float(token[at]) / 0.005) for at in (640, 1280) if at < len(token)}
        # A space between words belongs to the sound before it.
        assert not texts or heard & {voice.alphabet[text] for text in texts | {" "}}
    heard_of = [place for place, phone in enumerate(phones) if phone not in ",."]
    assert sorted(set(said.places)) == [-1, *heard_of]


def test_nothing_is_heard_before_the_first_phoneme(voice, monkeypatch):
    def speak(*_):
        return np.full(400_000, 0.5, np.float32), np.full(2_000, PITCH, np.float32)

    monkeypatch.setattr(voice, "speak", speak)
    told, phones = spelt("en")
    speaker = dictation.Speaker("somebody", STYLES["af_a"], 1.0, 1.0)
    said = dictation.say(voice, told, phones, speaker, 1.0)
    first = 1920 * LEAD
    assert np.abs(said.samples[: first - 600]).max() < 1e-3
    np.testing.assert_allclose(said.samples[first + 600 : -600], 0.5, atol=1e-3)


def test_the_pitch_is_told_as_it_is_heard(voice):
    told, phones = spelt("en")
    speaker = dictation.Speaker("somebody", STYLES["af_a"], 1.15, 1.1)
    said = dictation.say(voice, told, phones, speaker, 1.0)
    assert len(said.f0) == 4 * len(said.places)
    assert set(said.f0) == {int(PITCH * 1.1 * 1.15)}


def test_what_is_only_planned_is_what_would_be_said(voice, tmp_path: Path, monkeypatch):
    told, phones = spelt("zh")
    speaker = dictation.Speaker("somebody", STYLES["zf_c"], 0.9, 1.1)
    said = dictation.say(voice, told, phones, speaker, 1.0)
    planned = dictation.say(voice, told, phones, speaker, 1.0, silent=True)
    assert (planned.places, planned.f0) == (said.places, said.f0)
    assert planned.samples is None
    monkeypatch.setattr(dictation, "INVENTED", 0.0)
    monkeypatch.setattr(dictation, "LETTERS", (5, 170))
    dictation.dictate(tmp_path, voice, kokoro.Speakers(STYLES), TEXTS, 0.01, silent=True)
    assert [path.name for path in tmp_path.iterdir()] == ["metadata.jsonl"]


def test_a_folder_is_gone_on_with(voice, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(dictation, "INVENTED", 0.0)
    monkeypatch.setattr(dictation, "LETTERS", (5, 170))
    for _ in range(2):
        dictation.dictate(tmp_path, voice, kokoro.Speakers(STYLES), TEXTS, 0.01)
    rows = [json.loads(line) for line in (tmp_path / "metadata.jsonl").read_text().splitlines()]
    assert len({row["file"] for row in rows}) == len(rows) >= 4
    assert {row["speaker"] for row in rows[:2]} == {"000000"}
    for row in rows[:3]:
        assert row["text"] in TEXTS[row["lang"]]
        samples, rate = soundfile.read(tmp_path / row["file"])
        assert rate == 48_000
        assert len(samples) == pytest.approx(len(row["places"]) * 1920, abs=100)


def test_texts_are_told_apart_by_language(tmp_path: Path):
    told = [("zh", "好"), ("en", "good"), ("zh", "是")]
    rows = [json.dumps({"lang": language, "text": text}) + "\n" for language, text in told]
    (tmp_path / "metadata.jsonl").write_text("".join(rows))
    assert dictation.texts([tmp_path]) == {"zh": ["好", "是"], "en": ["good"]}
    assert dictation.texts([tmp_path] * 2)["en"] == ["good", "good"]
    assert dictation.texts([]) == {}


def test_timbres_are_anybodys_and_manners_native():
    voices = {name: np.full((510, 256), n, np.float32) for n, name in enumerate(STYLES)}
    speakers, chance = kokoro.Speakers(voices), random.Random(0)
    styles = [speakers.draw("zh", chance) for _ in range(40)]
    assert all(2 <= style[0, 200] <= 3 for style in styles)
    assert any(style[0, 0] < 2 for style in styles)
