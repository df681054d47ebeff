"""Callers are told of the end of their jobs: signed, and nowhere private."""

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks import Webhook
from training_jobs import IDLE, begin, make_voice, train, wait_until, work

from mynah.errors import OptionError
from mynah.server.errors import CallbackError
from mynah.server.webhooks.deliveries import RetryRules
from mynah.server.webhooks.sender import Message, Sender, parsed

LOOPBACK = {"webhook_networks": ["127.0.0.0/8"], "webhook_pause": 0.2}
SECRET = "whsec_" + "A" * 43 + "="


class Receiver:
    """Answers with a list of statuses, the last one for ever, and keeps what it is sent."""

    def __init__(self) -> None:
        self.statuses = [204]
        self.seen: list[tuple[dict, bytes]] = []
        self.location = "/elsewhere"
        self.hang = threading.Event()
        self.hang.set()

    def status(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@contextmanager
def receiving() -> Iterator[tuple[str, Receiver]]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.seen.append(({k.lower(): v for k, v in self.headers.items()}, body))
            receiver.hang.wait(60)
            self.send_response(receiver.status())
            self.send_header("location", receiver.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", receiver
    receiver.hang.set()
    server.shutdown()


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
def shared(serve_in, tmp_path_factory):
    return serve_in(tmp_path_factory.mktemp("webhooks"), **IDLE, **LOOPBACK)


@pytest.fixture
def made(shared, recording, request):
    client = shared.client(shared.key("speak", "train", owner=f"owner-{secrets.token_hex(4)}"))
    return client, make_voice(client, recording, request.node.name)


def secret_of(client):
    answer = client.post("/v1/webhooks/secret")
    assert answer.status_code == 201
    return answer.json()["secret"]


def the_delivery(client, state):
    def found():
        (delivery,) = client.get("/v1/webhooks/deliveries").json()["data"]
        return delivery if delivery["state"] == state else None

    return wait_until(found)


def test_the_end_of_a_job_is_told_and_signed(shared, made, recording, receiver):
    client, voice = made
    url, seen = receiver[0], receiver[1].seen
    secret = secret_of(client)
    job = begin(client, voice, recording, "steps is 1", callback_url=url)
    work(shared, job)
    delivery = the_delivery(client, "delivered")
    ((headers, body),) = seen
    told = Webhook(secret).verify(body, headers)
    assert told["type"] == "job.succeeded"
    assert (told["data"]["id"], told["data"]["voice"], told["data"]["version"]) == (job, voice, 2)
    assert headers["webhook-id"] == delivery["id"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [204]
    assert delivery["job"] == job


def test_a_new_secret_signs_beside_the_one_before(shared, made, recording, receiver):
    client, voice = made
    url, seen = receiver[0], receiver[1].seen
    first, second = secret_of(client), secret_of(client)
    assert first != second
    job = begin(client, voice, recording, callback_url=url)
    client.post(f"/v1/jobs/{job}/cancel")
    the_delivery(client, "delivered")
    ((headers, body),) = seen
    for secret in (first, second):
        assert Webhook(secret).verify(body, headers)["type"] == "job.cancelled"


def test_a_receiver_that_fails_is_tried_again_and_a_replay_has_the_same_id(
    shared, made, recording, receiver
):
    client, voice = made
    url, heard = receiver
    heard.statuses = [500, 302, 200]
    secret_of(client)
    client.post(f"/v1/jobs/{begin(client, voice, recording, callback_url=url)}/cancel")
    delivery = the_delivery(client, "delivered")
    # The redirect was not followed: every request was to the hook.
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 302, 200]
    answer = client.post(f"/v1/webhooks/deliveries/{delivery['id']}/replay")
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    wait_until(lambda: len(heard.seen) == 4)
    assert len({headers["webhook-id"] for headers, _ in heard.seen}) == 1


def test_a_redirect_to_no_host_is_an_attempt_that_failed(shared, made, recording, receiver):
    client, voice = made
    url, heard = receiver
    heard.statuses, heard.location = [302, 200], "http://xn--a/"
    secret_of(client)
    client.post(f"/v1/jobs/{begin(client, voice, recording, callback_url=url)}/cancel")
    tried = the_delivery(client, "delivered")["attempts"]
    assert [attempt["status"] for attempt in tried] == [None, 200]
    assert len({body for _, body in heard.seen}) == 1


def test_a_receiver_that_hangs_holds_nothing_up(start, recording, receiver):
    server = start(**IDLE, **LOOPBACK | {"webhook_seconds": 1, "webhook_attempts": 2})
    client = server.client()
    voice = make_voice(client, recording)
    url, heard = receiver
    heard.hang.clear()
    secret_of(client)
    with receiving() as (good_url, good):
        began = time.monotonic()
        for each in (url, good_url):
            client.post(f"/v1/jobs/{begin(client, voice, recording, callback_url=each)}/cancel")
        wait_until(lambda: good.seen)
        assert time.monotonic() - began < 30
    state = {}

    def failed():
        state.update(
            {each["url"]: each for each in client.get("/v1/webhooks/deliveries").json()["data"]}
        )
        return state[url]["state"] == "failed"

    wait_until(failed)
    assert [attempt["error"] for attempt in state[url]["attempts"]] == ["no answer within 1 s"] * 2


def test_a_receiver_that_is_gone_is_left_alone(shared, made, recording, receiver):
    client, voice = made
    url, heard = receiver
    heard.statuses = [410]
    secret_of(client)
    client.post(f"/v1/jobs/{begin(client, voice, recording, callback_url=url)}/cancel")
    assert len(the_delivery(client, "failed")["attempts"]) == 1


def test_private_addresses_are_never_called(start, recording, receiver):
    server = start(**IDLE | {"webhook_attempts": 1})
    client = server.client()
    voice = make_voice(client, recording)
    url, heard = receiver
    secret_of(client)
    client.post(f"/v1/jobs/{begin(client, voice, recording, callback_url=url)}/cancel")
    delivery = the_delivery(client, "failed")
    assert "not a public host" in delivery["attempts"][0]["error"]
    assert heard.seen == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0",
        "[::1]", "[::ffff:127.0.0.1]", "[fe80::1]", "[64:ff9b::7f00:1]", "2130706433", "100.64.0.1",
    ],
)  # fmt: skip
def test_no_spelling_of_a_private_address_passes(host):
    sender = Sender([], 5)
    message = Message("msg_1", f"http://{host}/", "{}", [SECRET])
    outcome = asyncio.run(sender.send(message))
    assert outcome.status is None
    assert "not a public host" in outcome.error or "no host" in outcome.error


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "ftp://example.org", "https://", "https://a:b@example.org/", "x" * 3000],
)
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(CallbackError):
        parsed(url)


def test_a_network_that_is_none_is_named():
    with pytest.raises(OptionError, match="MYNAH_WEBHOOK_NETWORKS"):
        Sender(["10.0.0.1/8"], 1)


def test_a_job_with_a_callback_needs_a_secret(made, recording, error_of):
    client, voice = made
    answer = train(client, voice, recording, callback_url="https://example.org/hook")
    assert error_of(answer)["code"] == "invalid_callback_url"
    assert "POST /v1/webhooks/secret" in error_of(answer)["message"]


def test_callers_see_their_own_deliveries(shared, made, recording, receiver, error_of):
    client, voice = made
    secret_of(client)
    client.post(f"/v1/jobs/{begin(client, voice, recording, callback_url=receiver[0])}/cancel")
    delivery = the_delivery(client, "delivered")
    other = shared.client(shared.key("train", owner="other"))
    assert other.get("/v1/webhooks/deliveries").json()["data"] == []
    answer = other.post(f"/v1/webhooks/deliveries/{delivery['id']}/replay")
    assert (answer.status_code, error_of(answer)["code"]) == (404, "delivery_not_found")


def test_pauses_grow_and_differ():
    rules = RetryRules(5, 8, 20)
    pauses = [[rules.pause_after(attempt) for _ in range(20)] for attempt in range(1, 8)]
    for attempt, drawn in enumerate(pauses):
        assert all(0.8 * 5 * 4**attempt <= pause <= 1.2 * 5 * 4**attempt for pause in drawn)
        assert len(set(drawn)) > 1
    assert rules.pause_after(30) <= 1.2 * 86_400


def test_the_body_is_json_that_anyone_can_read(shared, made, recording, receiver):
    client, voice = made
    secret_of(client)
    plan = "steps is 2 failing is 1 how is recording"
    work(shared, begin(client, voice, recording, plan, callback_url=receiver[0]))
    the_delivery(client, "delivered")
    ((headers, body),) = receiver[1].seen
    assert headers["content-type"] == "application/json"
    told = json.loads(body)
    assert told["type"] == "job.failed"
    assert told["data"]["error"]["code"] == "invalid_recording"
