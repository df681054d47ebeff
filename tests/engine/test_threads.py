"""Each stage computes with its own number of threads."""

import threading
import time

import pytest
import torch

import fakes
from mynah.api import Synthesizer
from mynah.engine import loading
from mynah.engine.loading import load_models
from mynah.engine.local import stage
from mynah.runtime.threads import run_in_temporary_thread, set_thread_count
from mynah.semantic import gpt
from mynah.voice.voice import Voice


class Counting(fakes.Model):
    """A model that notes how many threads torch uses for what is asked of it."""

    sample_rate = 100
    tokens = 8

    def __init__(self, step_threads: int | None) -> None:
        self.step_threads = step_threads
        self.stepping: set[int] = set()
        self.decoding: set[int] = set()

    def read(self, voice):
        return fakes.PreparedVoice(voice)

    def may_decode(self, sequence) -> bool:
        self.stepping.add(torch.get_num_threads())
        return True

    def wave(self, timbre, seconds):
        self.decoding.add(torch.get_num_threads())
        return super().wave(timbre, seconds)


@pytest.fixture(autouse=True)
def three_threads():
    """As if there were three cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("step_threads", "stepping"), [(1, {1}), (None, {3})])
def test_small_steps_leave_the_other_threads_alone(step_threads, stepping):
    model = Counting(step_threads)
    Synthesizer(model).speak("One. Two.", Voice("somebody", ()))
    assert (model.stepping, model.decoding) == (stepping, {3})
    assert torch.get_num_threads() == 3


def test_nothing_is_computed_before_threads_are_laid_out(monkeypatch):
    done = []

    def slowly(count: int) -> None:
        time.sleep(0.05)
        done.append(count)

    monkeypatch.setattr(stage, "set_thread_count", slowly)
    synthesizer = Synthesizer(Counting(1))
    assert done == [1]
    synthesizer.speak("One.", Voice("somebody", ()))


def test_a_gpt_is_small_by_its_weights(monkeypatch):
    starter = load_models(precision="float32")
    assert starter.step_threads == 1
    monkeypatch.setattr(gpt, "SMALL", 1_000_000)
    assert starter.step_threads is None


def test_a_thread_of_its_own_number_changes_no_other():
    seen = []

    def note() -> None:
        seen.append(torch.get_num_threads())

    def one() -> None:
        set_thread_count(1)
        note()

    for work in (one, note):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    note()
    assert seen == [1, 3, 3]


def test_what_is_done_in_passing_leaves_no_thread_behind():
    assert not run_in_temporary_thread(threading.current_thread).is_alive()
    with pytest.raises(ZeroDivisionError):
        run_in_temporary_thread(divmod, 1, 0)


def test_models_are_loaded_and_voices_read_in_passing(monkeypatch):
    """Teams of threads last as long as who computes with them, and only decoding is to have one."""
    monkeypatch.setattr(loading, "_load", lambda *_: threading.current_thread())
    assert not load_models().is_alive()
    reading = []

    class Noting(Counting):
        def read(self, voice):
            reading.append(threading.current_thread())
            return super().read(voice)

    Synthesizer(Noting(1)).speak("One.", Voice("somebody", ()))
    assert not reading[0].is_alive()
