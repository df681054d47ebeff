"""Services of a cluster on loopback, each started once for a file of tests."""

import sys
from pathlib import Path

import pytest

# The servers and services of the tests of one server serve here, too.
sys.path.insert(0, str(Path(__file__).parents[1] / "server"))

from seaweedfs import SeaweedFS


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory):
    """A SeaweedFS whose keys are in the environment, as a server's are."""
    pytest.importorskip("obstore", reason="obstore is not installed: pip install 'mynah[s3]'")
    running = SeaweedFS(tmp_path_factory.mktemp("seaweedfs"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running
    running.stop()


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.cluster)
