"""Cores that a process may use: by its affinity, and by its cgroups' CPU quota."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mynah.engine.loading import load_models
from mynah.runtime import cores
from mynah.runtime import threads as processor
from mynah.runtime.cores import available_cores, compute_threads


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def machine(root: Path, member: str, files: dict[str, str]) -> Path:
    """A root whose `proc` says which cgroups the process is in, and whose `sys` has files."""
    written = {"proc/self/cgroup": member}
    written |= {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    for name, text in written.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def version_1(folder: str, quota: str, period: str = "100000") -> dict[str, str]:
    return {f"{folder}/cpu.cfs_quota_us": quota, f"{folder}/cpu.cfs_period_us": period}


@pytest.mark.parametrize(
    ("quota", "found", "threads"),
    [("50000", 0.5, 1), ("100000", 1, 1), ("150000", 1.5, 1), ("200000", 2, 2), ("max", 8, 8)],
)
def test_a_quota_of_version_2(tmp_path, quota, found, threads):
    root = machine(tmp_path, "0::/\n", {"cpu.max": f"{quota} 100000\n"})
    assert available_cores(root) == found
    assert compute_threads(root) == threads


@pytest.mark.parametrize(
    ("quota", "found", "threads"),
    [("25000", 0.5, 1), ("50000", 1, 1), ("75000", 1.5, 1), ("150000", 3, 3), ("-1", 8, 8)],
)
def test_a_quota_of_version_1(tmp_path, quota, found, threads):
    member = "5:memory:/a\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n"
    files = version_1("cpu,cpuacct/docker/abc", quota, "50000")
    root = machine(tmp_path, member, files)
    assert available_cores(root) == found
    assert compute_threads(root) == threads


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_a_container_that_is_told_a_path_of_its_host(tmp_path, mount):
    root = machine(tmp_path, "4:cpu,cpuacct:/docker/abc\n0::/\n", version_1(mount, "100000"))
    assert available_cores(root) == 1


def test_the_least_quota_of_all_groups_above_holds(tmp_path):
    files = {
        "kube/cpu.max": "400000 100000",
        "kube/pod/cpu.max": "200000 100000",
        "kube/pod/one/cpu.max": "max 100000",
        "kube/other/cpu.max": "50000 100000",
    }
    assert available_cores(machine(tmp_path, "0::/kube/pod/one\n", files)) == 2


def test_quotas_beside_version_2_without_controllers(tmp_path):
    member = "3:cpuset:/\n2:cpu:/small\n0::/\n"
    root = machine(tmp_path, member, version_1("cpu/small", "300000"))
    assert available_cores(root) == 3


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cpu.max": ""},
        {"cpu.max": "many 100000"},
        {"cpu.max": "100000 0"},
        {"cpu.max": "100000 100000 more"},
        {"cpu.max": "0 100000"},
    ],
)
def test_what_is_no_quota_limits_nothing(tmp_path, files):
    assert available_cores(machine(tmp_path, "0::/\n", files)) == 8


def test_a_quota_above_the_affinity_limits_nothing(tmp_path):
    root = machine(tmp_path, "0::/\n", {"cpu.max": "6400000 100000"})
    assert available_cores(root) == 8


def test_without_cgroups_the_affinity_holds(tmp_path):
    assert available_cores(tmp_path) == 8


def test_the_affinity_of_a_real_process():
    core = min(os.sched_getaffinity(0))
    program = (
        f"import os; os.sched_setaffinity(0, [{core}])\n"
        "from mynah.runtime.cores import available_cores, compute_threads\n"
        "print(available_cores() <= 1, compute_threads())"
    )
    told = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert told.split() == ["True", "1"]


@pytest.mark.parametrize(("there", "threads"), [(1, 1), (2, 2), (8, 2)])
def test_a_model_is_loaded_with_as_many_threads_as_there_are_cores(monkeypatch, there, threads):
    """Never with more than torch was told to use."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    monkeypatch.setattr(processor, "compute_threads", lambda: there)
    try:
        load_models(precision="float32")
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_cores_are_looked_up_without_torch():
    program = "import sys, mynah, mynah.runtime.cores; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"
    assert cores.available_cores() > 0
