"""Services of a cluster on loopback, and gateways that share them."""

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

# The servers and services of the tests of one server serve here, too.
sys.path.insert(0, str(Path(__file__).parents[1] / "server"))

import loopback
from seaweedfs import SeaweedFS
from tests.server import conftest as one_server
from training_jobs import SETTINGS

recording, error_of = one_server.recording, one_server.error_of


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory):
    """A SeaweedFS whose keys are in the environment, as a server's are."""
    pytest.importorskip("obstore", reason="obstore is not installed: pip install 'mynah[s3]'")
    running = SeaweedFS(tmp_path_factory.mktemp("seaweedfs"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running
    running.kill()


@pytest.fixture(scope="module")
def services(seaweedfs, tmp_path_factory):
    """Settings of whoever shares PostgreSQL, Redis and S3."""
    with ExitStack() as running:
        redis = running.enter_context(loopback.redis(tmp_path_factory.mktemp("redis")))
        database = running.enter_context(loopback.postgres())
        yield SETTINGS | {
            "database_url": database,
            "broker_url": redis,
            "cache_url": redis,
            "limits_url": redis,
            "blobs_url": seaweedfs.url("gateways"),
        }


@pytest.fixture(scope="module")
def serve_gateway(tmp_path_factory):
    """Starts servers, each with a data folder of its own; all stop at the end of the file."""
    running = []

    def serve_gateway(**settings):
        folder = tmp_path_factory.mktemp("gateway")
        running.append(one_server.serve(folder, one_server.Hummer(), **settings))
        running[-1].model.gate.set()
        return running[-1]

    yield serve_gateway
    for gateway in running:
        gateway.stop()


@pytest.fixture(scope="module")
def gateways(services, serve_gateway):
    """Two servers that have nothing in common but these services."""
    return [serve_gateway(**services) for _ in range(2)]


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.cluster)
