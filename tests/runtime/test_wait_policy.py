"""OpenMP's threads sleep when they wait beside other busy processes, and spin on idle cores."""

import os
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pytest

import fakes
from mynah.api import Synthesizer
from mynah.options import SpeechOptions
from mynah.runtime import wait_policy
from mynah.runtime.cpu_load import CpuLoad
from mynah.runtime.wait_policy import WaitPolicy
from mynah.voice.samples import samples
from mynah.voice.voice import Voice

gnu = pytest.mark.skipif(
    wait_policy._libgomp() is None or len(os.sched_getaffinity(0)) < 2,
    reason="OpenMP is not GNU's, or nobody waits for another",
)


class Load(CpuLoad):
    """Cores that others want, one look after the other; the last again and again."""

    def __init__(self, *others: float | None) -> None:
        super().__init__()
        self.others = list(others)

    def of_others(self) -> float | None:
        return self.others.pop(0) if len(self.others) > 1 else self.others[0]


@pytest.fixture(autouse=True)
def no_period(monkeypatch):
    monkeypatch.setattr(wait_policy, "PERIOD", 0.0)
    for name in wait_policy.CHOICES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def policy():
    made: list[WaitPolicy] = []

    def make(*others: float | None, threads: int | None = None, **options) -> WaitPolicy:
        count = threads or len(os.sched_getaffinity(0))
        made.append(WaitPolicy(count, Load(*others), **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def idle_teams() -> int:
    return sum(thread.name == "idle OpenMP team" for thread in threading.enumerate())


@gnu
def test_threads_sleep_until_the_load_is_known_and_by_it_from_then_on(policy):
    waiting = policy(0.0, 0.3, 0.9, 0.3, 0.1, 2.0)
    seen = [waiting.sleeps]
    for _ in range(6):
        waiting.observe()
        seen.append(waiting.sleeps)
    # Between the bounds everything stays as it is.
    assert seen == [True, False, False, True, True, False, True]


@gnu
def test_cores_to_spare_are_for_others(policy):
    cores = len(os.sched_getaffinity(0))
    waiting = policy(0.9, threads=cores - 1)
    waiting.observe()
    assert not waiting.sleeps


@gnu
def test_where_the_load_is_not_told_threads_spin(policy):
    waiting = policy(None)
    waiting.observe()
    assert not waiting.sleeps


@gnu
def test_under_a_quota_threads_sleep(policy, tmp_path):
    for name, text in {
        "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/cpu.max": "150000 100000",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    waiting = policy(0.0, root=tmp_path)
    waiting.observe()
    assert waiting.sleeps


@pytest.mark.parametrize("name", ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"])
def test_the_choice_of_the_user_holds(policy, monkeypatch, name):
    monkeypatch.setenv(name, "ACTIVE")
    waiting = policy(2.0)
    waiting.observe()
    assert not waiting.sleeps


def test_another_openmp_is_left_alone(policy, monkeypatch):
    monkeypatch.setattr(wait_policy, "_libgomp", lambda: None)
    waiting = policy(2.0)
    waiting.observe()
    assert not waiting.sleeps


@gnu
def test_what_is_closed_leaves_no_thread_behind(policy):
    before = idle_teams()
    waiting = policy(2.0)
    assert idle_teams() == before + 1
    waiting.close()
    assert idle_teams() == before
    waiting.observe()
    assert idle_teams() == before


_BURNT = """
import time, torch
from mynah.runtime.wait_policy import WaitPolicy, sleeping_teams

torch.set_num_threads(2)

def burnt():
    '''CPU seconds of threads that have nothing to do.'''
    seconds = 0.0
    for _ in range(20):
        torch.ones(1 << 17).add_(1)
        began = time.process_time()
        time.sleep(0.02)
        seconds += time.process_time() - began
    return seconds

burnt()
spinning = burnt()
waiting = WaitPolicy(2)
assert waiting.sleeps
sleeping = burnt()
waiting.close()
again = burnt()
with sleeping_teams(2):
    asleep = burnt()
print(spinning, sleeping, again, asleep)
"""


@gnu
def test_sleeping_threads_use_no_cpu():
    """CPU time, which is the same on a busy machine."""
    free = {name: value for name, value in os.environ.items() if name[:3] not in ("OMP", "GOM")}
    cores = sorted(os.sched_getaffinity(0))[:2]
    program = f"import os; os.sched_setaffinity(0, {cores})\n{_BURNT}"
    told = subprocess.check_output([sys.executable, "-c", program], env=free, text=True)
    spinning, sleeping, again, asleep = map(float, told.split())
    assert max(sleeping, asleep) < min(spinning, again) / 3


class Still(fakes.Model):
    sample_rate = 100
    tokens = 8

    def read(self, voice):
        return fakes.PreparedVoice(voice)


@gnu
@pytest.mark.parametrize(("others", "more"), [(2.0, 1), (0.0, 0)])
def test_the_engine_looks_at_the_load_while_it_speaks(monkeypatch, others, more):
    monkeypatch.setattr(CpuLoad, "of_others", lambda _: others)
    monkeypatch.setattr("torch.get_num_threads", partial(len, os.sched_getaffinity(0)))
    before = idle_teams()
    synthesizer = Synthesizer(Still())
    synthesizer.speak("One. Two.", Voice("somebody", ()))
    assert idle_teams() == before + more
    del synthesizer  # ends its engine
    assert idle_teams() == before


@gnu
def test_equal_seeds_sound_equal_on_a_busy_machine(monkeypatch, models):
    voice, spoken = samples()[0].voice(), []
    for others in (2.0, 0.0):
        monkeypatch.setattr(CpuLoad, "of_others", lambda _, others=others: others)
        speech = Synthesizer(models).speak("See you on Thursday!", voice, SpeechOptions(seed=3))
        spoken.append(speech.samples)
    assert np.array_equal(*spoken)
