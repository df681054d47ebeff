"""The command as a user meets it: help, usage, and a process of its own."""

import json
import os
import subprocess
import sys

import pytest

COMMANDS = [
    "say",
    "voices",
    "phonemize",
    "models",
    "models inspect",
    "train",
    "jobs",
    "jobs retry",
    "db",
    "db upgrade",
    "owners",
    "owners hand-over",
    "settings",
]


def process(*arguments, stdin=""):
    return subprocess.run(
        [sys.executable, "-c", "from mynah.cli import main; main()", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_help_names_every_command_and_a_first_step(mynah):
    ended = mynah("--help")
    assert (ended.code, ended.err) == (0, "")
    for command in COMMANDS:
        assert command.split()[0] in ended.out
    assert "mynah say" in ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(mynah, command):
    ended = mynah(*command.split(), "--help")
    assert (ended.code, ended.err) == (0, "")
    assert f"Usage: mynah {command}" in ended.out


def test_help_answers_without_the_heavy_packages():
    code = (
        "import sys\n"
        "from mynah.cli import main\n"
        "sys.argv = ['mynah', 'say', '--help']\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'numpy', 'soundfile', 'soxr'} & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["keys list", "jobs list", "owners list", "owners voices"])
def test_rows_are_listed_without_networks_and_without_a_web_framework(tmp_path, command):
    code = (
        "import sys\n"
        "from mynah.cli import main\n"
        f"sys.argv = ['mynah', *{command.split()}]\n"
        "heavy = {'torch', 'soundfile', 'fastapi', 'starlette'}\n"
        "try: main()\n"
        "finally: print(sorted(heavy & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"MYNAH_DATA": str(tmp_path / "data")},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert ended.stdout.splitlines() == ["[]"]
    assert (tmp_path / "data" / "mynah.db").is_file()


@pytest.mark.parametrize(
    "arguments", [["sing"], ["say", "hello"], ["say", "hello", "--speed", "fast"], ["inspect"]]
)
def test_wrong_usage_is_exit_code_two(mynah, arguments):
    ended = mynah(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "--help" in ended.err


def test_a_process_says_a_text(tiny, tmp_path):
    out = tmp_path / "said.wav"
    ended = process(
        "say", "-", "--model", tiny, "--voice", "ljspeech", "--out", out, stdin="你好，world."
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"{out}  ")
    assert out.read_bytes()[:4] == b"RIFF"


def test_a_process_that_fails(tmp_path):
    ended = process("say", "hello", "--voice", "nobody", "--out", tmp_path / "said.wav")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("mynah: There is no file or voice nobody")
    assert ended.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_voices_are_listed_with_language_licence_and_origin(mynah):
    ended = mynah("voices")
    rows = [line.split("\t") for line in ended.out.splitlines()]
    assert [row[:2] for row in rows] == [["ljspeech", "en"], ["mandarin", "zh"]]
    assert all(len(row) == 4 and all(row) for row in rows)


def test_phonemes_are_lines_of_json(mynah):
    ended = mynah("phonemize", "你好", "Hello, world.", "--language", "auto")
    assert (ended.code, ended.err) == (0, "")
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert len(rows) == 2
    assert all(row["phones"] for row in rows)


def test_text_without_phonemes_is_refused(refused):
    refused("phonemize", "……")
    assert "zh" in refused("phonemize", "hello", "--language", "tlh")
