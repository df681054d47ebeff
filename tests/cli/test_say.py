"""`mynah say`: a text into a file, or one line that says why not and no file."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

TEXT = "Hello, world."


@pytest.fixture
def recording(hum, tmp_path) -> Path:
    path = tmp_path / "hum.flac"
    soundfile.write(path, hum(180).samples, 16_000)
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def say(mynah, tiny, recording, folder):
    def run(*options, text=TEXT, name="said.wav", **given):
        out = folder / name
        return mynah(
            "say", text, "--model", tiny, "--voice", recording, "--out", out, *options, **given
        )

    return run


@pytest.fixture
def say_refused(refused, tiny, recording, folder):
    """Standard error of a command that must fail; nothing may lie in the folder then."""

    def run(*options, text=TEXT, name="said.wav", voice=None, **given):
        out, voice = folder / name, voice or recording
        said = refused(
            "say", text, "--model", tiny, "--voice", voice, "--out", out, *options, **given
        )
        assert not list(folder.iterdir())
        return said

    return run


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
def test_a_file_of_each_kind(say, folder, kind):
    ended = say(name=f"said.{kind}")
    assert (ended.code, ended.err) == (0, "")
    assert [path.name for path in folder.iterdir()] == [f"said.{kind}"]
    seconds = soundfile.info(folder / f"said.{kind}").duration
    assert ended.out == f"{folder / f'said.{kind}'}  {seconds:.1f} s\n"


def test_text_on_standard_input(say, folder, monkeypatch):
    # What is fastest is timed at each start, and differs from the exact by roundings.
    monkeypatch.setenv("MYNAH_PRECISION", "float32")
    say(name="a.wav")
    assert say(text="-", name="b.wav", stdin="\ufeffHello, world.\n".encode()).code == 0
    assert (folder / "a.wav").read_bytes() == (folder / "b.wav").read_bytes()


def test_options_reach_the_speech(say, folder):
    files = []
    for number, options in enumerate([(), ("--seed", 5), ("--speed", 2), ("--voice-text", "Hum.")]):
        assert say(*options, name=f"{number}.wav").code == 0
        files.append((folder / f"{number}.wav").read_bytes())
    assert len(set(files)) == len(files)
    assert len(files[2]) < 0.7 * len(files[0])


@pytest.mark.parametrize(("version", "rate"), [("v3", 24_000), ("v4", 48_000)])
def test_a_model_that_continues_the_recording(
    mynah, refused, flow_folder, recording, folder, version, rate
):
    out = folder / "said.wav"
    given = "say", TEXT, "--model", flow_folder(version), "--voice", recording, "--out", out
    ended = mynah(*given, "--voice-text", "Hello, my dear friend.")
    assert ended.code == 0, ended.err
    samples, told = soundfile.read(out)
    assert told == rate and samples.any()
    assert "give its words" in refused(*given)


@pytest.mark.parametrize("version", ["v2Pro", "v2ProPlus"])
def test_a_model_with_a_speaker_encoder(mynah, pro, version, recording, folder):
    out = folder / "said.wav"
    ended = mynah("say", TEXT, "--model", pro(version), "--voice", recording, "--out", out)
    assert ended.code == 0, ended.err
    samples, rate = soundfile.read(out)
    assert rate == 32_000 and samples.any()


def test_a_bundled_voice_by_name(mynah, tiny, folder):
    ended = mynah(
        "say", "你好，世界。", "--model", tiny, "--voice", "mandarin", "--out", folder / "a.wav"
    )
    assert (ended.code, ended.err) == (0, "")


def test_an_older_file_is_replaced(say, folder):
    (folder / "said.wav").write_bytes(b"before")
    assert say().code == 0
    assert soundfile.info(folder / "said.wav").duration > 0


@pytest.mark.parametrize("text", ["", "  \n", "……？！", "🎉", "\x07\x1b"])
def test_nothing_to_say(say_refused, text):
    say_refused(text=text)
    say_refused(text="-", stdin=text.encode())


def test_too_much_to_say(say_refused):
    assert "50" in say_refused(text="-", stdin=("很" * 100_000).encode())


def test_standard_input_that_is_no_text(say_refused):
    assert "UTF-8" in say_refused(text="-", stdin=b"\xff\xfe\x00")


def test_an_unknown_language(say_refused):
    assert "zh" in say_refused("--language", "tlh")


@pytest.mark.parametrize(
    ("option", "value"), [("--speed", 9), ("--temperature", 0), ("--seed", -1)]
)
def test_an_option_out_of_range(say_refused, option, value):
    assert f"{option[2:]} is {value}" in say_refused(option, value)


@pytest.mark.parametrize("voice", ["nobody", "gone.wav", "n" * 100_000, "two\nlines\x1b[31m"])
def test_an_unknown_voice(say_refused, voice):
    said = say_refused(voice=voice)
    assert "ljspeech, mandarin" in said
    assert "\x1b" not in said


def test_a_folder_is_no_voice(say_refused, folder):
    assert "no file or voice" in say_refused(voice=folder)


@pytest.mark.parametrize("name", ["said", "said.txt", "said.raw"])
def test_an_unknown_suffix(say_refused, name):
    assert ".wav, .flac, .ogg or .mp3" in say_refused(name=name)


def test_a_missing_folder(say_refused):
    assert "does not exist" in say_refused(name="none/said.wav")
    assert "does not exist" in say_refused(name=f"{'n' * 5000}/said.wav")


def test_a_folder_in_the_files_place(refused, tiny, recording, tmp_path):
    (tmp_path / "dir.wav").mkdir()
    said = refused(
        "say", TEXT, "--model", tiny, "--voice", recording, "--out", tmp_path / "dir.wav"
    )
    assert "cannot be written" in said


def test_a_full_disk(say_refused, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in say_refused()


def test_a_name_that_is_too_long(say_refused):
    assert "cannot be written" in say_refused(name=f"{'n' * 300}.wav")


def test_a_model_that_is_not_there(refused, recording, folder):
    said = refused("say", TEXT, "--model", "none", "--voice", recording, "--out", folder / "a.wav")
    assert "no folder none" in said
    assert not list(folder.iterdir())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_a_recording_that_is_no_speech(say_refused, hum, tmp_path, share):
    """Nothing at all, noise by another name, and an MP3 that breaks off."""
    encoded = io.BytesIO()
    soundfile.write(encoded, np.tile(hum(180).samples, 2), 16_000, format="MP3")
    data = encoded.getvalue()
    (tmp_path / "broken.mp3").write_bytes(data[: int(share * len(data))])
    assert "recording" in say_refused(voice=tmp_path / "broken.mp3").lower()


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32", "NMS_ADPCM_32"])
def test_a_voice_of_a_telephone_recording(mynah, tiny, hum, folder, tmp_path, subtype):
    path, out = tmp_path / "phone.wav", folder / "said.wav"
    soundfile.write(path, hum(180).samples, 16_000, subtype=subtype)
    ended = mynah("say", TEXT, "--model", tiny, "--voice", path, "--out", out)
    assert (ended.code, ended.err) == (0, "")


def test_a_recording_with_a_sample_that_is_no_number(say_refused, hum, tmp_path):
    samples = hum(180).samples.copy()
    samples[1_000] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, 16_000, subtype="FLOAT")
    assert "not numbers" in say_refused(voice=tmp_path / "nan.wav")
