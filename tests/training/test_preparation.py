"""From recordings to slices: what is kept, what is left out and why, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tone_speech import RATE, hearing_tones, say, write

import mynah
from mynah.errors import CheckpointError, RecordingError
from mynah.text.frontend import analyse
from mynah.text.reading_scripts import reading_script
from mynah.training.prepare.prepare import divided, prepare
from mynah.training.prepare.slices import Slice
from mynah.training.trainer import TrainingRecording

SCRIPT = " ".join(reading_script("en").sentences)
OTHER = (
    "Fourteen purple zebras quietly examined a broken telescope, while nobody in Finland noticed. "
    "Every dictionary weighs more than its author. Could we postpone this until Wednesday? "
    "Chemistry laboratories smell of vinegar, chalk, and mild panic during examinations."
)


class Report:
    def __init__(self):
        self.percents, self.messages = [], []

    def progress(self, step, percent, losses=None):
        self.percents.append(percent)

    def message(self, text):
        self.messages.append(text)

    def checkpoint(self):
        raise AssertionError("there is nothing to go on from")


@pytest.fixture
def report() -> Report:
    return Report()


@pytest.fixture(scope="session")
def hearing(models):
    return hearing_tones(models)


@pytest.fixture
def recording(tmp_path):
    """Writes samples as a recording of known or unknown words."""

    def make(samples, text=None, name="one"):
        path = write(tmp_path / f"{name}.flac", samples)
        return TrainingRecording(path, text, len(samples) / RATE)

    return make


def real(name: str, times: int) -> np.ndarray:
    """A bundled recording several times in a row."""
    (sample,) = (each for each in mynah.samples() if each.name == name)
    once = sample.voice().recordings[0].at(RATE).samples
    return np.concatenate([once, np.zeros(RATE // 2, np.float32)] * times)


def test_a_read_script_becomes_slices_with_its_words(hearing, recording, report):
    prepared = prepare([recording(say(SCRIPT), SCRIPT)], "en", hearing, report)
    everything = [*prepared.slices, *prepared.held_out]
    assert prepared.data_report["sentences_not_heard"] == []
    assert prepared.data_report["seconds_kept"] > 0.9 * prepared.data_report["seconds_given"] - 10
    said = sorted(" ".join(each.text for each in everything).split())
    written = sorted(" ".join(each.text for each in analyse(SCRIPT, "en")).split())
    assert said == written
    for each in everything:
        assert 2 <= each.seconds <= 10
        assert each.samples.dtype == np.float32 and each.samples.shape == (1280 * len(each.codes),)
        assert all(0 <= code < 1024 for code in each.codes)
        # The sound of a slice is the sound of its words, and nothing else.
        assert abs(len(say(each.text)) - len(each.samples)) < 0.7 * RATE


def test_phonemes_are_those_that_the_model_reads(hearing, recording, report):
    prepared = prepare([recording(say(SCRIPT), SCRIPT)], "en", hearing, report)
    for each in prepared.slices:
        (sentence,) = analyse(each.text, "en", split="cut0")
        assert each.phones == hearing.symbols.encode(sentence.phones)


def test_the_report_is_json_and_its_seconds_add_up(hearing, recording, report):
    given = [recording(say(SCRIPT), SCRIPT), recording(say(OTHER), None, "two")]
    data = json.loads(json.dumps(prepare(given, "en", hearing, report).data_report))
    dropped = sum(data["seconds_dropped"].values())
    assert data["seconds_kept"] + dropped == pytest.approx(data["seconds_given"], abs=0.1)
    assert data["slices"] > data["slices_with_words"] > 0
    assert 0 < data["held_out"] < data["slices"] / 5
    assert data["clipped_share"] == 0
    assert report.percents == sorted(report.percents) and 50 < report.percents[-1] < 100
    assert any("have no words" in message for message in report.messages)


def test_sentences_that_were_not_read_are_named_and_left_out(hearing, recording, report):
    skipped = "By the time I reached the town square,"
    assert skipped in SCRIPT
    prepared = prepare([recording(say(SCRIPT.replace(skipped, "")), SCRIPT)], "en", hearing, report)
    assert prepared.data_report["sentences_not_heard"] == [skipped]
    assert all(skipped not in each.text for each in [*prepared.slices, *prepared.held_out])
    assert any(skipped in message for message in report.messages)


def test_what_was_said_besides_the_text_is_left_out(hearing, recording, report):
    half = SCRIPT.index("A violinist")
    extra = "Sorry, the telephone rang, and I have to begin this page again."
    samples = np.concatenate([say(SCRIPT[:half]), say(extra), say(SCRIPT[half:])])
    data = prepare([recording(samples, SCRIPT)], "en", hearing, report).data_report
    assert data["sentences_not_heard"] == []
    spoken = len(say(extra, pause=0)) / RATE
    assert data["seconds_dropped"]["not_in_text"] == pytest.approx(spoken, abs=0.5)


@pytest.mark.parametrize("text", [OTHER * 2, "".join(reading_script("zh").sentences)])
def test_words_of_something_else_or_another_language_are_refused(hearing, recording, report, text):
    with pytest.raises(RecordingError, match=r"do not say most of their text.*; send the words"):
        prepare([recording(say(SCRIPT), text)], "auto", hearing, report)


def test_far_more_words_than_sound_are_refused(hearing, recording, report):
    with pytest.raises(RecordingError, match="do not say most"):
        prepare([recording(say(OTHER), SCRIPT * 20)], "en", hearing, report)


def test_real_speech_without_words_is_cut_at_its_pauses(models, recording, report):
    prepared = prepare([recording(real("ljspeech", 4))], "en", models, report)
    assert prepared.data_report["seconds_kept"] > 25
    assert prepared.data_report["speakers_differ"] == "no"
    assert prepared.data_report["snr_db"] > 20
    assert all(2 <= each.seconds <= 10 for each in prepared.slices)
    assert all(each.text is None and list(each.phones) == [] for each in prepared.slices)
    assert len(prepared.held_out) == 1


def test_two_people_are_refused(models, recording, report):
    given = [recording(real("ljspeech", 3)), recording(real("mandarin", 4), name="two")]
    with pytest.raises(RecordingError, match="at least two people"):
        prepare(given, "auto", models, report)


def test_ten_seconds_of_speech_are_too_few(models, recording, report):
    with pytest.raises(RecordingError, match=r"Only \d+ of \d+ s .*; send at least 20 s"):
        prepare([recording(real("ljspeech", 1)[: 10 * RATE])], "en", models, report)


def test_a_silent_recording_is_named_and_left_out(models, recording, report):
    silent = recording(np.zeros(30 * RATE, np.float32), name="two")
    data = prepare([recording(real("ljspeech", 3)), silent], "en", models, report).data_report
    (left_out,) = data["left_out"]
    assert left_out["recording"] == "2 of 2" and "is silent" in left_out["reason"]
    assert any("2 of 2: The recording is silent" in message for message in report.messages)
    with pytest.raises(RecordingError, match="Recording 1 of 1: The recording is silent"):
        prepare([silent], "en", models, report)


def test_music_is_no_speech(models, recording, report):
    time = np.arange(40 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 277, 330, 440))
    music = 0.1 * chord * (0.8 + 0.2 * np.cos(2 * np.pi * 2 * time))
    with pytest.raises(RecordingError, match=r"no speech; .* without music"):
        prepare([recording(music.astype(np.float32))], "en", models, report)


def test_a_short_recording_keeps_its_words_when_nothing_can_check_them(models, recording, report):
    models = replace(models, aligner=None)
    (sample,) = (each for each in mynah.samples() if each.name == "ljspeech")
    given = [recording(real("ljspeech", 1), sample.text, str(number)) for number in range(3)]
    prepared = prepare(given, "en", models, report)
    assert [each.text for each in prepared.slices] == [sample.text] * 3
    assert any("not checked" in message for message in report.messages)


def test_many_short_clips_are_learned_from_each_with_or_without_its_words(
    hearing, recording, report
):
    words = ["Certainly.", "Who is that?", "I do not know him.", "Close that door."]
    spoken = [say(text) for text in words]
    assert all(0.6 < len(each) / RATE < 2 for each in spoken)
    given = [
        recording(spoken[at % 4], words[at % 4] if at % 3 else None, f"{at}") for at in range(90)
    ]
    prepared = prepare(given, "en", hearing, report)
    everything = [*prepared.slices, *prepared.held_out]
    assert len(everything) == 90, prepared.data_report
    assert sum(each.text in words for each in everything) == 60
    assert all(0.7 <= each.seconds < 2 for each in everything)
    assert prepared.data_report["seconds_kept"] > 20
    assert prepared.data_report["left_out"] == []


@pytest.mark.parametrize(
    ("slices", "held_out"), [(1, 0), (3, 0), (4, 1), (12, 1), (25, 2), (60, 6), (900, 20)]
)
def test_about_one_slice_in_ten_is_held_out(slices, held_out):
    everything = [Slice(np.zeros(0, np.float32), f"{at}", [], []) for at in range(slices)]
    learned, held = divided(everything)
    assert len(held) == held_out
    assert sorted([*learned, *held], key=id) == sorted(everything, key=id)


def test_slices_with_words_are_held_out_rather_than_others():
    everything = [
        Slice(np.zeros(0, np.float32), "said" if at % 4 == 0 else None, [], []) for at in range(40)
    ]
    _, held = divided(everything)
    assert len(held) == 4 and all(each.text for each in held)


def test_a_model_that_hears_no_content_is_refused(models, recording, report):
    with pytest.raises(CheckpointError, match="no content encoder"):
        prepare([recording(real("ljspeech", 3))], "en", replace(models, content=None), report)
