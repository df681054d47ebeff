"""The benchmark of busy machines: what is compared, and that it really is busy."""

import os
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from benchmarks.busy.__main__ import _print_factors
from benchmarks.busy.processes import Busy, free_port
from benchmarks.busy.subject import Subject


@pytest.mark.parametrize(
    ("words", "python", "environment"),
    [
        ("/old/bin/python", "/old/bin/python", ()),
        ("GOMP_SPINCOUNT=1000", sys.executable, (("GOMP_SPINCOUNT", "1000"),)),
        ("A=b=c /old/python D=", "/old/python", (("A", "b=c"), ("D", ""))),
    ],
)
def test_a_subject_is_an_interpreter_in_an_environment(words, python, environment):
    subject = Subject.parse(words)
    assert (subject.name, subject.python, subject.environment) == (words, python, environment)
    assert subject.whole_environment["PATH"] == os.environ["PATH"]


def test_ratios_are_of_pairs(capsys):
    factors = {0: [[1.0, 2.0], [3.0, 3.0], [2.0, 6.0]], 2: [[4.0, 4.0]]}
    _print_factors([Subject(), Subject("other")], factors)
    told = capsys.readouterr().out.splitlines()
    assert "beside 0 busy processes: 2.000 (1.000 to 3.000), 1.00 x beside 0" in told[2]
    assert "beside 2 busy processes: 4.000 (4.000 to 4.000), 2.00 x beside 0" in told[3]
    assert told[5].endswith("2.000 x this checkout")


def cpu_ticks(process: int) -> int:
    told = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2]
    return sum(map(int, told.split()[11:13]))


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_as_many_are_busy_as_are_let():
    with closing(Busy(2)) as busy:
        first, second = (process.pid for process in busy._processes)
        until = time.monotonic() + 20
        with busy.of(1):
            while cpu_ticks(first) < 20 and time.monotonic() < until:
                time.sleep(0.01)
        worked = cpu_ticks(first)
        assert worked >= 20
        assert cpu_ticks(second) < 20
        time.sleep(0.1)
        assert cpu_ticks(first) <= worked + 1


def test_a_free_port():
    assert 1024 <= free_port() < 65536
