"""`mynah worker` leaves the cores to speech."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import contextlib
import mynah.cli.worker as worker
from mynah.config import read_settings

worker.open_worker = lambda settings: contextlib.nullcontext()
worker.run_attempt = lambda *_: __import__("torch")
worker.work_once(read_settings(), "job")
"""
"""A job that is over as soon as torch is loaded."""


@pytest.mark.skipif(sys.platform != "linux", reason="OpenMP is not GNU's")
@pytest.mark.parametrize(
    ("chosen", "policy"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")]
)
def test_threads_of_a_job_sleep_when_they_wait_unless_the_user_has_chosen(chosen, policy):
    """libgomp's report of its settings when torch loads it."""
    without = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=without | chosen | {"OMP_DISPLAY_ENV": "true"},
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert f"OMP_WAIT_POLICY = '{policy}'" in told.stderr
