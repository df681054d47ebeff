"""`mynah train` and `mynah jobs`: jobs of the server's own kind, in the foreground."""

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mynah.checkpoints.sovits import load_sovits
from mynah.engine.export import RELEASED_FILES
from mynah.jobs import child_processes

TRAINER = Path(__file__).parent.parent / "server"
"""Folder of `slow_trainer`."""


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path, tiny):
    given = {
        "DATA": tmp_path / "data",
        "MODEL": tiny,
        "TRAINER": "slow_trainer:SlowTrainer",
        "TRAIN_SHORTEST_SECONDS": 3,
        "SHUTDOWN_SECONDS": 5,
    }
    for name, value in given.items():
        monkeypatch.setenv(f"MYNAH_{name}", str(value))
    monkeypatch.setenv("PYTHONPATH", str(TRAINER))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def minute(hum, tmp_path) -> Path:
    """Six seconds of a minute, for the sake of speed."""
    path = tmp_path / "minute.flac"
    soundfile.write(path, np.tile(hum(180).samples, 2), 16_000)
    return path


@pytest.fixture
def train(mynah, minute):
    def run(plan="steps is 6", *options):
        return mynah("train", minute, "--name", "ann", "--text", plan, "--language", "en", *options)

    return run


def listed(mynah) -> list[list[str]]:
    ended = mynah("jobs", "list")
    assert (ended.code, ended.err) == (0, "")
    return [row.split("\t") for row in ended.out.splitlines()]


def shown(mynah, job: str) -> dict[str, str]:
    """The facts of a job; of several messages the last one."""
    ended = mynah("jobs", "show", job)
    assert (ended.code, ended.err) == (0, "")
    rows = (re.split(r":\s+", line, maxsplit=1) for line in ended.out.splitlines())
    return dict(rows)


def test_a_voice_is_made_and_trained_further(train, mynah, refused):
    ended = train("steps is 6", "--epochs", 3, "--rank", 0, "--stage", "acoustic")
    assert ended.code == 0, ended.err
    assert ended.out == (
        "ann  version 2  acoustic_loss 0.500  similarity_before 0.700  "
        "word_error_rate_before 0.200  similarity 0.900  word_error_rate 0.200\n"
    )
    ((job, state, percent, voice, _),) = listed(mynah)
    told = [job, "running", "begins at step 0", "acoustic", "succeeded"]
    assert ended.err.splitlines() == told
    assert (state, percent, voice) == ("succeeded", "100 %", "ann")
    told = shown(mynah, job)
    assert (told["job"], told["voice"]) == (job, "ann")
    assert (told["state"], told["version"], told["attempts"]) == ("succeeded", "2", "1")
    assert (told["progress"], told["message"]) == ("100 %, acoustic", "begins at step 0")
    assert "loss" in told["losses"]
    assert "succeeded" in refused("jobs", "retry", job)
    # Of what the voice was made of; the plan of the slow trainer is among it.
    assert mynah("train", "--name", "ann").out.startswith("ann  version 3  ")


def test_a_version_that_is_harder_to_understand_is_kept_not_promoted(train, mynah):
    ended = train("steps is 1 misheard is 0.5")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("ann  version 2  kept, not promoted  ")
    assert "50.0% of its words are misheard after 20.0%" in ended.err
    ((job, *_),) = listed(mynah)
    assert "kept, not promoted" in shown(mynah, job)["message"]


def test_a_failure_is_one_line_and_can_be_tried_again(train, mynah, tmp_path):
    ended = train("steps is 9 failing is 4 how is bug")
    assert (ended.code, ended.out) == (1, "")
    *_, state, last = ended.err.splitlines()
    log = tmp_path / "data" / "training.log"
    assert (state, last[:28]) == ("failed", "mynah: The training failed; ")
    assert last.endswith(f" goes on from its checkpoint; {log} has the log.")
    assert '"error": "RuntimeError"' in log.read_text()
    assert "secret" not in ended.err + log.read_text()
    job = re.search("`mynah jobs retry (.*?)`", last)[1]
    assert shown(mynah, job)["error"].endswith("(internal_error)")
    again = mynah("jobs", "retry", job)
    assert again.code == 1
    assert int(re.search(r"begins at step (\d+)", again.err)[1]) >= 3


def test_a_process_that_cannot_start_is_told_of_with_its_last_words(train, monkeypatch, tmp_path):
    (tmp_path / "typer.py").write_text("raise ImportError('typer is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(child_processes, "FIRST_PAUSE", 0.01)
    ended = train()
    log = tmp_path / "data" / "training.log"
    assert (ended.code, ended.out) == (1, "")
    assert "could not start (exit code 1)" in ended.err
    assert ended.err.endswith(f"{log} has the log.\n")
    assert "typer is broken" in log.read_text()


def test_ctrl_c_cancels_and_retry_goes_on(mynah, refused, minute):
    with in_the_foreground(minute, "steps is 30 pause is 0.2") as training:
        wait_until(lambda: percents(mynah) > [12])
        training.send_signal(signal.SIGINT)
        out, err = training.communicate(timeout=60)
    assert (training.returncode, out) == (130, b"")
    last = err.decode().splitlines()[-1]
    job = re.fullmatch("mynah: The job is cancelled; `mynah jobs retry (.*)` goes on .*", last)[1]
    assert listed(mynah)[0][:2] == [job, "cancelled"]
    assert "cancelled already" in refused("jobs", "cancel", job)
    ended = mynah("jobs", "retry", job)
    assert ended.code == 0, ended.err
    assert int(re.search(r"begins at step (\d+)", ended.err)[1]) >= 3
    assert "begins at step 0" not in ended.err
    assert shown(mynah, job)["attempts"] == "2"


def test_what_was_left_alone_is_joined_or_cancelled(mynah, minute):
    with in_the_foreground(minute, "steps is 200 pause is 0.2") as training:
        wait_until(lambda: percents(mynah) > [1])
        training.kill()
    ((job, state, *_),) = listed(mynah)
    assert state == "running"
    with process("jobs", "retry", job) as joined:
        assert joined.stderr.readline() == f"{job}\n".encode()
        assert mynah("jobs", "cancel", job).out == f"{job} is being cancelled\n"
        assert joined.wait(60) == 130
    assert shown(mynah, job)["attempts"] == "1"


def in_the_foreground(minute: Path, plan: str) -> subprocess.Popen:
    return process("train", minute, "--name", "ann", "--text", plan)


def process(*arguments) -> subprocess.Popen:
    command = [sys.executable, "-m", "mynah", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def percents(mynah) -> list[int]:
    return [int(row[2].split()[0]) for row in listed(mynah)]


def wait_until(true) -> None:
    limit = time.monotonic() + 120
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.1)


def test_what_cannot_be_trained_leaves_no_job_and_no_voice(
    refused, mynah, minute, tmp_path, monkeypatch
):
    (tmp_path / "text.wav").write_text("I am no sound. " * 1000)
    soundfile.write(tmp_path / "short.wav", soundfile.read(minute)[0][:6_000], 16_000)
    for said, *arguments in (
        ("text.wav: The recording is not audio", tmp_path / "text.wav"),
        ("gone.wav cannot be read", tmp_path / "gone.wav"),
        ("short.wav: The recording holds only", tmp_path / "short.wav"),
        ("no voice ann; give recordings",),
        ("more texts than recordings", minute, "--text", "One.", "--text", "Two."),
        ("tlh", minute, "--language", "tlh"),
        ("no words", minute, "--text", "……"),
    ):
        assert said in refused("train", *arguments, "--name", "ann")
    assert "slash" in refused("train", minute, "--name", "a/b")
    assert "comes with Mynah" in refused("train", minute, "--name", "ljspeech")
    monkeypatch.setenv("MYNAH_TRAIN_SHORTEST_SECONDS", "55")
    assert "only 6 s of speech" in refused("train", minute, "--name", "ann")
    assert listed(mynah) == []
    assert "no voice ann" in refused("train", "--name", "ann")


@pytest.fixture
def sliced(hum, tmp_path) -> Path:
    """A folder of clips as GPT-SoVITS's slicer leaves it, with their list beside it."""
    folder = tmp_path / "slicer_opt"
    (folder / "more").mkdir(parents=True)
    for at in range(8):
        where = folder / "more" if at > 5 else folder
        soundfile.write(
            where / f"clip{at}.wav", hum(180).samples[: 16_000 * (3 if at == 4 else 1)], 16_000
        )
    (folder / "notes.txt").write_text("no clip")
    rows = [f"D:\\sliced\\clip{at}.wav|ann|ZH|你好。steps is 1" for at in (0, 1, 2, 4, 6, 9)]
    (tmp_path / "ann.list").write_text("\n".join(rows), encoding="utf-8")
    return folder


def test_a_folder_of_clips_is_learned_from_with_the_list_of_their_words(mynah, sliced, tmp_path):
    ended = mynah("train", sliced, "--list", tmp_path / "ann.list", "--name", "ann")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("ann  version 2  ")
    left_out = next(line for line in ended.err.splitlines() if "left out" in line)
    assert left_out.startswith("4 recordings are left out. clip3.wav: It is not in the list.")
    assert mynah("train", sliced, "--name", "ben").code == 0  # of all eight, without words


def test_clips_of_a_list_are_found_where_it_is(mynah, sliced, refused, tmp_path):
    shutil.copy(tmp_path / "ann.list", sliced)
    ended = mynah("train", "--list", sliced / "ann.list", "--name", "ann")
    assert ended.code == 0, ended.err
    assert "clip6.wav: There is no such file" in ended.err
    told = refused("train", sliced / "more", "--list", tmp_path / "ann.list", "--name", "ben")
    assert "clip0.wav: There is no such file in " in told
    told = refused("train", "--list", tmp_path / "ann.list", "--text", "One.", "--name", "ben")
    assert "Both --text and --list" in told


def test_a_job_that_is_not_there(refused):
    for command in ("show", "cancel", "retry"):
        assert "no such job" in refused("jobs", command, "job_1")


@pytest.mark.parametrize(
    "options", [["--epochs", "0"], ["--rank", "-1"], ["--stage", "all"], ["--epochs", "many"]]
)
def test_wrong_usage_is_exit_code_two(mynah, minute, options):
    ended = mynah("train", minute, "--name", "ann", *options)
    assert (ended.code, ended.out) == (2, "")


def test_a_data_folder_that_cannot_be_made(refused, minute, monkeypatch):
    monkeypatch.setenv("MYNAH_DATA", str(minute / "data"))
    assert "MYNAH_DATA" in refused("train", minute, "--name", "ann")
    assert "MYNAH_DATA" in refused("jobs", "list")


def test_a_voice_of_the_data_folder_can_be_heard(train, mynah, tmp_path):
    # The voice is there all the same, with its recording.
    assert train("steps is 9 failing is 4 how is bug", "--owner", "school-a").code == 1
    assert mynah("owners", "list").out == "school-a\t0\t1\n"
    out = tmp_path / "ann.wav"
    ended = mynah("say", "Good morning.", "--voice", "ann", "--out", out)
    assert (ended.code, ended.err) == (0, "")
    assert soundfile.info(out).duration > 0.1


def test_a_version_is_written_as_files_that_other_tools_open(
    train, mynah, refused, adapt, tmp_path, tiny
):
    assert "There is no data folder" in refused("export", "ann", "--out", tmp_path / "out")
    assert train("steps is 1").code == 0
    assert "neither semantic.adapter" in refused("export", "ann", "--out", tmp_path / "out")
    (folder,) = tmp_path.glob("data/versions/*/*/*")
    for path in adapt(1).iterdir():
        shutil.copyfile(path, folder / path.name)
    ended = mynah("export", "ann", "--out", tmp_path / "out")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [str(tmp_path / "out" / name) for name in RELEASED_FILES]
    assert mynah("models", "inspect", tmp_path / "out" / "gpt.ckpt").code == 0
    assert load_sovits(tmp_path / "out" / "sovits.pth").config.version == "v2"
    refusal = refused("export", "ann", "--version", 1, "--out", tmp_path / "none")
    assert "is zero-shot" in refusal and "no weights of its own" in refusal
    assert not (tmp_path / "none").exists()
    assert "no version 5" in refused("export", "ann", "--version", 5, "--out", tmp_path / "none")
