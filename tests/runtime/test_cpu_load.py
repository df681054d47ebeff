"""CPU time of other processes."""

import math
import os

import pytest

from mynah.runtime.cpu_load import CpuLoad

IDLE = 10**7
TICKS = os.sysconf("SC_CLK_TCK")


def stat(root, *busy: int) -> None:
    """Writes what the kernel tells: for each core user time in ticks, and much idle time."""
    rows = [f"cpu  {sum(busy)} 0 0 {IDLE} 0 0 0 0 0 0"]
    rows += [f"cpu{core} {ticks} 0 0 {IDLE} 50 0 0 0 7 0" for core, ticks in enumerate(busy)]
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/stat").write_text("\n".join([*rows, "intr 1 2 3"]))


@pytest.fixture(autouse=True)
def cores_0_and_2(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2}, raising=False)


@pytest.fixture
def clock(monkeypatch):
    """Ten seconds pass between two looks, for one of which this process works."""
    seconds = iter(range(0, 1000, 10))
    monkeypatch.setattr("time.monotonic", lambda: float(next(seconds)))
    own = iter(range(1000))
    monkeypatch.setattr("time.process_time", lambda: float(next(own)))


@pytest.mark.usefixtures("clock")
def test_only_others_and_only_cores_that_this_process_may_use_count(tmp_path):
    stat(tmp_path, 0, 0, 0)
    load = CpuLoad(tmp_path)
    stat(tmp_path, 4 * TICKS, 999 * TICKS, 12 * TICKS)
    assert load.of_others() == pytest.approx((16 - 1) / 10)
    assert load.of_others() == 0


@pytest.mark.usefixtures("clock")
def test_pauses_do_not_count(tmp_path):
    stat(tmp_path, 0, 0, 0)
    load = CpuLoad(tmp_path)
    stat(tmp_path, 6 * TICKS, 0, 0)
    load.pause()
    stat(tmp_path, 900 * TICKS, 0, 0)
    load.resume()
    stat(tmp_path, 908 * TICKS, 0, 0)
    assert load.of_others() == pytest.approx((6 - 1 + 8 - 1) / 20)


@pytest.mark.parametrize("text", [None, "", "cpu  1 2 3\n", "cpu0 one two\n"])
def test_where_the_kernel_does_not_tell(tmp_path, text):
    if text is not None:
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc/stat").write_text(text)
    load = CpuLoad(tmp_path)
    assert load.of_others() is None
    assert load.seconds == math.inf
    stat(tmp_path, 1, 1, 1)
    assert load.of_others() is None
    assert load.of_others() is not None
