"""A database that is away: each door says so in its form and in time, and speaks again after."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import loopback
import pytest
from benchmarks.dependencies.proxy import Fault, Proxy
from spoken_doors import ERROR_FORMS, REFERENCE, speaking_doors
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

HANGING_SECONDS = 60
"""After which an answer, or the way back after an outage, counts as one that hangs."""
AWAY = [Fault.STOPPED, Fault.STALLED]


@pytest.fixture(scope="module")
def database():
    """A proxy before PostgreSQL."""
    with loopback.postgres() as url, Proxy(urlsplit(url).port) as proxy:
        yield proxy, url.replace(str(urlsplit(url).port), str(proxy.port))


@pytest.fixture(scope="module")
def server(serve_in, database, tmp_path_factory, recording):
    _, url = database
    folder = tmp_path_factory.mktemp("outages")
    running = serve_in(folder, database_url=url, grpc_port=loopback.free_port())
    running.settings = running.services.settings
    running.settings.references.mkdir()
    (running.settings.references / REFERENCE).write_bytes(recording())
    return running


@pytest.fixture
def doors(server):
    return speaking_doors(server.client(), server.settings.grpc_port, server.secret)


@pytest.fixture(autouse=True)
def proxy(database):
    yield database[0]
    database[0].fail(Fault.NONE)


@pytest.mark.parametrize("fault", AWAY)
def test_every_door_says_so_in_its_form_and_speaks_again_afterwards(server, doors, proxy, fault):
    assert all(door().status in (200, "OK") for door in doors.values())
    proxy.fail(fault)
    time.sleep(1.1)  # keys that were read are valid for a second
    began = time.monotonic()
    with ThreadPoolExecutor(16) as clients:
        calls = [(name, clients.submit(door)) for name, door in doors.items() for _ in range(4)]
        answers = [(name, call.result()) for name, call in calls]
    assert time.monotonic() - began < HANGING_SECONDS
    for name, answer in answers:
        assert answer.status == ("UNAVAILABLE" if name == "grpc" else 503), name
        assert answer.form == ERROR_FORMS[name]
        assert int(answer.retry_after) >= 1
    ready = server.client("").get("/health/ready")
    assert ready.status_code == 503
    assert "database" in ready.json()["error"]["message"]
    proxy.fail(Fault.NONE)
    back = time.monotonic() + HANGING_SECONDS
    while not all(door().status in (200, "OK") for door in doors.values()):
        assert time.monotonic() < back
        time.sleep(0.1)
    assert server.client("").get("/health/ready").is_success


@pytest.mark.parametrize("fault", AWAY)
def test_a_socket_is_refused(server, proxy, fault):
    proxy.fail(fault)
    time.sleep(1.1)
    url = f"{server.url}/v1/audio/speech/stream".replace("http", "ws", 1)
    with pytest.raises(InvalidStatus) as raised:
        connect(url, additional_headers={"authorization": f"Bearer {server.secret}"})
    response = raised.value.response
    error = json.loads(response.body)["error"]
    assert (response.status_code, error["code"]) == (503, "database_unavailable")
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("fault", AWAY)
def test_a_write_with_an_idempotency_key_can_be_sent_again(
    server, proxy, recording, error_of, fault
):
    client, headers = server.client(), {"idempotency-key": f"again-{fault}"}
    call = {
        "url": "/v1/voices",
        "data": {"name": f"Again {fault}"},
        "files": {"recordings": ("a.wav", recording(), "audio/wav")},
    }
    proxy.fail(fault)
    time.sleep(1.1)
    answer = client.post(**call, headers=headers)
    assert (answer.status_code, error_of(answer)["code"]) == (503, "database_unavailable")
    proxy.fail(Fault.NONE)
    back = time.monotonic() + HANGING_SECONDS
    while (answer := client.post(**call, headers=headers)).status_code == 503:
        assert time.monotonic() < back
        time.sleep(0.1)
    assert answer.status_code == 201


def test_a_slow_database_makes_nobody_fail(doors, proxy):
    proxy.fail(Fault.SLOW)
    # One at a time: delays add up, and a call that waits for a connection too long is refused.
    assert all(door().status in (200, "OK") for door in doors.values())
