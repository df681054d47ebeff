"""The first minutes with Mynah: version, completion, the demo, and a voice by its name."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import httpx
import numpy as np
import pytest

import mynah as package
from mynah.audio.speech import Speech
from mynah.cli import demo
from mynah.errors import VoiceNotFoundError

RATE = 32_000


def test_the_version_is_told(mynah):
    ended = mynah("--version")
    assert (ended.code, ended.out) == (0, f"mynah {package.__version__}\n")
    assert re.fullmatch(r"\d+\.\d+\.\d+", package.__version__)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell):
    asked = {
        "bash": {"COMP_WORDS": "mynah se", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "mynah se"},
        "fish": {"_TYPER_COMPLETE_ARGS": "mynah se", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    ended = subprocess.run(
        [sys.executable, "-c", "from mynah.cli import main; main()"],
        env=os.environ | asked | {"_MYNAH_COMPLETE": f"complete_{shell}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert {"serve", "settings"} <= set(re.findall(r"\w+", ended.stdout))
    assert "phonemize" not in ended.stdout


def test_completion_can_be_installed(mynah):
    assert "--install-completion" in mynah("--help").out


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.text = ""
        self.pid, self._terminal = pty.fork()
        if not self.pid:
            code = "from mynah.cli import main; main()"
            os.environ.update(environment)
            os.execv(sys.executable, [sys.executable, "-c", code, *arguments])

    def read_until(self, wanted: str) -> str:
        limit = time.monotonic() + 120
        while wanted not in self.text:
            assert time.monotonic() < limit, self.text
            if select.select([self._terminal], [], [], 0.2)[0]:
                self.text += os.read(self._terminal, 65536).decode(errors="replace")
        return self.text.replace("\r\n", "\n")

    def close(self) -> None:
        os.kill(self.pid, signal.SIGINT)
        try:
            while os.read(self._terminal, 65536):
                pass
        except OSError:  # the terminal is gone with its process
            pass
        os.waitpid(self.pid, 0)
        os.close(self._terminal)


@pytest.fixture
def serve_in_terminal(tmp_path, tiny):
    opened = []

    def serve(*arguments: str) -> str:
        environment = {"MYNAH_DATA": str(tmp_path / "data"), "MYNAH_MODEL": str(tiny)}
        opened.append(
            Terminal("serve", "--port", "0", *arguments, OMP_NUM_THREADS="1", **environment)
        )
        return opened[-1].read_until("Ctrl-C")

    yield serve
    for terminal in opened:
        terminal.close()


def test_a_terminal_is_told_where_the_server_listens_and_a_call_that_works(
    serve_in_terminal, tmp_path
):
    told = serve_in_terminal("--no-auth")
    assert "loading the model" in told
    url = re.search(r"listens on (http://127\.0\.0\.1:\d+)\n", told)[1]
    assert f"{url}/docs" in told and "No key is needed" in told
    assert '{"time"' not in told  # logs in JSON are for machines
    first_call = told[told.index("  curl ") :].split("morning.mp3")[0] + "morning.mp3"
    subprocess.run(["bash", "-c", first_call], cwd=tmp_path, check=True)
    assert (tmp_path / "morning.mp3").stat().st_size > 1000
    root = httpx.get(url).json()
    assert root["version"] == package.__version__
    for page in ("docs", "openapi", "health"):
        assert httpx.get(url + root[page]).status_code == 200
    assert httpx.head(url).status_code == 200


def test_a_server_without_keys_says_how_to_make_one(serve_in_terminal, tmp_path):
    told = serve_in_terminal()
    assert "There are no keys yet" in told
    command = re.search(r"export MYNAH_KEY=\$\((.*)\)\n", told)[1]
    assert f"MYNAH_DATA={tmp_path}/data mynah keys create" in command
    assert "Authorization: Bearer $MYNAH_KEY" in told


@pytest.fixture
def spoken(monkeypatch, tmp_path) -> Callable[[np.ndarray], None]:
    """Make the demo speak a sound in place of a model's speech."""

    def speak(samples: np.ndarray) -> None:
        class Fake:
            def __init__(self, _: object) -> None:
                pass

            def speak(self, text, _):
                return Speech(samples.astype(np.float32), RATE, text)

        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(demo, "load_models", lambda: None)
        monkeypatch.setattr(demo, "Synthesizer", Fake)

    return speak


def test_the_demo_tells_how_long_and_how_fast_its_files_are(spoken, capsys, tmp_path):
    spoken(0.3 * np.sin(np.arange(3 * RATE) / 30))
    demo.main()
    *files, last = capsys.readouterr().out.splitlines()
    assert len(files) == 4
    for line in files:
        assert "3.0 s of speech" in line and "real-time factor" in line
        assert (tmp_path / line.split()[0]).is_file()
    assert str(tmp_path / "demo") in last and "12.0 s" in last


def test_a_demo_that_is_silent_fails(spoken):
    spoken(np.zeros(3 * RATE))
    with pytest.raises(SystemExit, match="silent"):
        demo.main()


def test_a_demo_that_cannot_write_fails(spoken, tmp_path):
    spoken(np.zeros(RATE))
    (tmp_path / "demo").touch()
    with pytest.raises(SystemExit, match="demo cannot be written"):
        demo.main()


def test_a_bundled_voice_is_named(monkeypatch, tiny):
    synthesizer = package.Synthesizer(package.load_models(tiny))
    by_name = synthesizer.speak("Hello.", "ljspeech", package.SpeechOptions(seed=3))
    (sample,) = (each for each in package.samples() if each.name == "ljspeech")
    by_voice = synthesizer.speak("Hello.", sample.voice(), package.SpeechOptions(seed=3))
    np.testing.assert_array_equal(by_name.samples, by_voice.samples)
    with pytest.raises(VoiceNotFoundError, match="ljspeech, mandarin"):
        synthesizer.speak("Hello.", "nobody")
