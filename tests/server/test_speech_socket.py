"""`GET /v1/audio/speech/stream` with the `websockets` client."""

import base64
import io
import json
import time
from contextlib import ExitStack

import av
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

SENTENCE_SECONDS = 0.4
PAUSE = 0.3


class Speech:
    """A socket that sends and receives events."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def send(self, context_id: str = "a", **fields) -> None:
        self._connection.send(json.dumps({"context_id": context_id, **fields}))

    def send_raw(self, message: str | bytes) -> None:
        self._connection.send(message)

    def begin(self, context_id: str = "a", **fields) -> None:
        first = {"voice": "ljspeech", "response_format": "pcm", "continue": True}
        self.send(context_id, **(first | fields))

    def next(self) -> dict:
        return json.loads(self._connection.recv(timeout=5))

    def until(self, kind: str, context_id: str = "a") -> list[dict]:
        """Everything of a context up to an event of some kind; of no other context."""
        events = []
        while not events or events[-1]["type"] != kind:
            event = self.next()
            if event["context_id"] == context_id:
                events.append(event)
        return events


@pytest.fixture
def open_socket():
    """Opens sockets; all are closed at the end."""
    with ExitStack() as sockets:

        def open_socket(server, **options) -> Speech:
            options.setdefault("additional_headers", bearer(server.secret))
            return Speech(sockets.enter_context(connect(url_of(server), **options)))

        yield open_socket


def url_of(server) -> str:
    return f"{server.url}/v1/audio/speech/stream".replace("http", "ws", 1)


def audio_of(events: list[dict]) -> bytes:
    deltas = [event for event in events if event["type"] == "speech.audio.delta"]
    return b"".join(base64.b64decode(delta["audio"]) for delta in deltas)


def pcm_seconds(events: list[dict]) -> float:
    return len(audio_of(events)) / 2 / 24_000


def test_a_sentence_is_spoken_when_it_has_ended_and_not_before(server, open_socket):
    speech = open_socket(server)
    before = len(server.model.hummed)
    for token in ("Dr", ". Lee ", "owns 3", ".5 boats", ". She"):
        speech.begin(input=token)
    assert speech.next()["type"] == "speech.audio.delta"
    assert server.model.hummed[before:] == ["Dr. Lee owns 3.5 boats."]
    speech.send(input=" sails.")
    events = speech.until("speech.audio.done")
    assert server.model.hummed[before:] == ["Dr. Lee owns 3.5 boats.", "She sails."]
    assert events[-1]["usage"]["output_tokens"] == 2 * SENTENCE_SECONDS * 25


def test_sentences_of_a_context_are_one_file(server, open_socket):
    speech = open_socket(server)
    speech.begin(input="How are you today? ", response_format="wav")
    speech.send(input="I am well.")
    audio = audio_of(speech.until("speech.audio.done"))
    assert audio.count(b"RIFF") == 1
    with av.open(io.BytesIO(audio)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples / 32_000 == pytest.approx(2 * SENTENCE_SECONDS + PAUSE, abs=0.001)


def test_a_flush_speaks_what_has_no_end_and_leaves_the_context_open(server, open_socket):
    speech = open_socket(server)
    speech.begin(input="And then we", pause=0)
    speech.send(flush=True)
    flushed = speech.until("speech.audio.flushed")
    assert pcm_seconds(flushed) == pytest.approx(SENTENCE_SECONDS, abs=0.01)
    speech.send(input=" went home")
    assert pcm_seconds(speech.until("speech.audio.done")) == pytest.approx(
        SENTENCE_SECONDS, abs=0.01
    )


def test_contexts_of_a_socket_speak_side_by_side(server, open_socket):
    speech = open_socket(server)
    speech.begin("one", input="Half of")
    speech.begin("two", input="你好，世界。", voice="mandarin", **{"continue": False})
    assert pcm_seconds(speech.until("speech.audio.done", "two")) > 0
    speech.send("one", input=" a sentence.")
    assert pcm_seconds(speech.until("speech.audio.done", "one")) > 0


def test_a_cancelled_context_gives_its_place_up_and_its_name_back(start, open_socket):
    server = start(queue_size=1)
    speech = open_socket(server)
    speech.begin(input="A slow one. And")
    wait_for(lambda: server.services.engine.stats().requests == 1)
    speech.send(cancel=True)
    assert speech.next()["type"] == "speech.audio.cancelled"
    assert server.services.engine.stats().requests == 0
    server.model.gate.set()
    speech.begin(input="A new one.", **{"continue": False})
    assert speech.until("speech.audio.done")


def test_work_stops_when_the_client_leaves(start, open_socket):
    server = start()
    with connect(url_of(server), additional_headers=bearer(server.secret)) as connection:
        Speech(connection).begin(input="A slow one. And")
        wait_for(lambda: server.services.engine.stats().requests == 1)
    wait_for(lambda: server.services.engine.stats().requests == 0)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"voice": "nobody"}, "voice_not_found", "voice"),
        ({"model": "gpt-9"}, "model_not_found", "model"),
        ({"speed": 9}, "invalid_request", "speed"),
        ({"volume": 3}, "unknown_field", "volume"),
        ({"input": "?!"}, "invalid_text", "input"),
        ({"input": "A broken one."}, "internal_error", None),
        ({"input": 7}, "invalid_request", "input"),
    ],
)
def test_an_error_ends_its_context_alone(server, open_socket, fields, code, param):
    speech = open_socket(server)
    speech.begin("good", input="I stay. ")
    speech.begin("bad", **{"input": "Hello there.", "continue": False, **fields})
    error = speech.until("error", "bad")[-1]["error"]
    assert (error["code"], error["param"]) == (code, param)
    assert error["request_id"].startswith("req_")
    assert "secret" not in error["message"]
    speech.send("good", input="I stayed.")
    assert speech.until("speech.audio.done", "good")


@pytest.mark.parametrize("message", ["", "{", "[]", "null", b"\x00"])
def test_what_is_no_object_is_refused_and_the_socket_stays(server, open_socket, message):
    speech = open_socket(server)
    speech.send_raw(message)
    event = speech.next()
    assert event["type"] == "error"
    assert event["error"]["type"] == "invalid_request_error"
    speech.begin(input="Hello there.", **{"continue": False})
    assert speech.until("speech.audio.done")


def test_a_context_keeps_its_voice(server, open_socket):
    speech = open_socket(server)
    speech.begin(input="Hello there. ")
    speech.begin(input="The same may be said again. ")
    speech.send(input="And now another.", voice="mandarin")
    assert speech.until("error")[-1]["error"]["param"] == "voice"


def test_an_ending_context_takes_no_more(start, open_socket):
    speech = open_socket(start())
    speech.begin(input="A slow one.", **{"continue": False})
    speech.send(input="More.")
    assert speech.until("error")[-1]["error"]["param"] == "context_id"


def test_a_socket_has_a_bounded_number_of_contexts(start, open_socket):
    speech = open_socket(start(socket_contexts=1))
    speech.begin("a", input="Hello")
    speech.begin("b", input="Hello")
    assert speech.until("error", "b")[-1]["error"]["code"] == "unavailable"
    speech.send("a", input=" there.")
    assert speech.until("speech.audio.done", "a")


def test_a_key_is_needed_and_its_lack_is_answered_in_the_envelope(server):
    for secret in ("", "mynah_wrong"):
        with pytest.raises(InvalidStatus) as raised:
            connect(url_of(server), additional_headers=bearer(secret))
        answer = raised.value.response
        assert answer.status_code == 401
        error = json.loads(answer.body)["error"]
        assert error["code"] == "invalid_api_key"
        assert error["request_id"] == answer.headers["x-request-id"]


def test_a_key_that_is_revoked_opens_no_more_contexts(server, open_socket):
    key, secret = server.services.stores.keys.create("test", ["speak"])
    speech = open_socket(server, additional_headers=bearer(secret))
    server.services.stores.keys.revoke(key.id)
    speech.begin(input="Hello there.")
    assert speech.until("error")[-1]["error"]["code"] == "invalid_api_key"


def test_browsers_send_the_key_as_a_subprotocol(server, open_socket):
    protocols = ["mynah.v1", f"mynah.key.{server.secret}"]
    speech = open_socket(server, additional_headers={}, subprotocols=protocols)
    speech.begin(input="Hello there.", **{"continue": False})
    assert speech.until("speech.audio.done")


def test_sockets_of_an_owner_are_bounded_and_leave_others_alone(start, open_socket):
    server = start(owner_sockets=2)
    keys = [bearer(server.key("speak", owner=owner)) for owner in ("A", "A", "B")]
    with connect(url_of(server), additional_headers=keys[0]):
        open_socket(server, additional_headers=keys[1])
        with pytest.raises(InvalidStatus) as refused:
            open_socket(server, additional_headers=keys[0])
        assert refused.value.response.status_code == 429
        other = open_socket(server, additional_headers=keys[2])
        other.begin(input="Hello there.", **{"continue": False})
        assert other.until("speech.audio.done")
    wait_for(lambda: may_open(server, keys[0]))


def test_contexts_of_an_owner_are_bounded_over_all_sockets(start, open_socket):
    server = start(owner_contexts=2)
    one, two = open_socket(server), open_socket(server)
    for name in "abc":
        one.begin(name, input="Hello")
    too_many = one.until("error", "c")
    two.begin("c", input="Hello")
    for error in (*too_many, *two.until("error", "c")):
        assert error["error"]["code"] == "rate_limit_exceeded"
    other = open_socket(server, additional_headers=bearer(server.key("speak", owner="B")))
    other.begin(input="Hello there.", **{"continue": False})
    assert other.until("speech.audio.done")
    one.send("a", cancel=True)
    one.until("speech.audio.cancelled")
    two.begin("c", input="Hello there.", **{"continue": False})
    assert two.until("speech.audio.done", "c")


def may_open(server, headers) -> bool:
    try:
        with connect(url_of(server), additional_headers=headers):
            return True
    except InvalidStatus:
        return False


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), (None, 101)])
def test_pages_of_other_origins_are_refused(start, origin, status):
    server = start(no_auth=True)
    try:
        with connect(url_of(server), origin=origin or server.url):
            answered = 101
    except InvalidStatus as refused:
        answered = refused.response.status_code
    assert answered == status


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"} if secret else {}


def wait_for(condition) -> None:
    limit = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)
