"""Arguments that are not UTF-8, as a shell hands over any bytes: one line, or a path as it is."""

import os
import shutil

import pytest
import soundfile

FOREIGN = "\udcff"
"""Python's mark of the byte 0xff."""


@pytest.fixture
def recording(hum, tmp_path):
    path = tmp_path / "hum.flac"
    soundfile.write(path, hum(180).samples, 16_000)
    return path


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    """A data folder of the test's own, and a folder for whatever is written."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("MYNAH_DATA", str(folder))
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["say", f"Hello {FOREIGN}", "--voice", "ljspeech", "--out", "a.wav"],
        ["say", "a", "--voice", FOREIGN, "--out", "a.wav"],
        ["say", "a", "--voice", "ljspeech", "--out", "a.wav", "--language", FOREIGN],
        ["say", "a", "--voice", "ljspeech", "--out", "a.wav", "--voice-text", FOREIGN],
        ["phonemize", "Hello.", f"Hello {FOREIGN}"],
        ["models", "inspect", FOREIGN],
        ["keys", "create", FOREIGN],
        ["keys", "create", "a", "--scope", FOREIGN],
        ["keys", "create", "a", "--owner", FOREIGN],
        ["keys", "revoke", FOREIGN],
        ["owners", "hand-over", FOREIGN, "--to", "a"],
        ["owners", "share", FOREIGN, "--with", "a"],
        ["owners", "unshare", FOREIGN, "--with", "a"],
        ["jobs", "show", FOREIGN],
        ["jobs", "cancel", FOREIGN],
        ["jobs", "retry", FOREIGN],
        ["train", "--name", FOREIGN],
        ["train", "--name", "ann", "--text", FOREIGN],
        ["train", FOREIGN, "--name", "ann"],
        ["export", FOREIGN, "--out", "a"],
        ["worker", "--once", FOREIGN],
    ],
)
def test_text_that_is_not_utf_8_is_one_line(refused, arguments):
    assert FOREIGN not in refused(*arguments)


def test_paths_may_have_any_bytes(mynah, tiny, recording, tmp_path):
    folder = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(folder)  # noqa: PTH102 - not UTF-8
    voice, out = (os.fsdecode(folder + name) for name in (b"/\xfe.flac", b"/\xfd.wav"))
    shutil.copy(recording, voice)
    ended = mynah("say", "Hello.", "--model", tiny, "--voice", voice, "--out", out)
    assert (ended.code, ended.err) == (0, "")
    assert os.path.isfile(out)  # noqa: PTH113
