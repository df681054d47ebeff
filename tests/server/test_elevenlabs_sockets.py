"""ElevenLabs' WebSockets: its own client, and messages as LiveKit and pipecat send them."""

import base64
import json
import time
from contextlib import ExitStack

import pytest
from elevenlabs import VoiceSettings
from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

SENTENCE_SECONDS = 0.4
PAUSE = 0.3
RATE = 24_000


@pytest.fixture
def eleven(server) -> ElevenLabs:
    client = ElevenLabs(base_url=f"{server.url}/elevenlabs", api_key=server.secret)
    # The client itself only knows TLS, which a server on loopback has not.
    client.text_to_speech._ws_base_url = f"{server.url}/elevenlabs".replace("http", "ws", 1)
    return client


class Socket:
    """A WebSocket that talks in JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def send(self, **fields) -> None:
        self._connection.send(json.dumps(fields))

    def next(self) -> dict:
        return json.loads(self._connection.recv(timeout=5))

    def until_final(self, context: str | None = None) -> list[dict]:
        events = []
        while not (events and events[-1].get("isFinal")):
            event = self.next()
            if event.get("contextId") == context:
                events.append(event)
        return events

    def closed(self) -> ConnectionClosed:
        with pytest.raises(ConnectionClosed) as raised:
            while True:
                self._connection.recv(timeout=5)
        return raised.value


@pytest.fixture
def talk():
    with ExitStack() as sockets:

        def talk(server, path="multi-stream-input", query="", headers=None, voice="ljspeech"):
            url = f"{server.url}/elevenlabs/v1/text-to-speech/{voice}/{path}"
            url = url.replace("http", "ws", 1) + f"?output_format=pcm_{RATE}{query}"
            key = {"xi-api-key": server.secret} if headers is None else headers
            return Socket(sockets.enter_context(connect(url, additional_headers=key)))

        yield talk


def seconds_of(events: list[dict]) -> float:
    audio = b"".join(base64.b64decode(event["audio"]) for event in events if event.get("audio"))
    return len(audio) / 2 / RATE


def test_the_official_client_speaks_a_text_that_is_being_written(server, eleven):
    before = len(server.model.hummed)
    words = iter(["How are you ", "today? I am ", "very well."])
    audio = b"".join(
        eleven.text_to_speech.convert_realtime(
            "ljspeech",
            text=words,
            model_id="eleven_flash_v2_5",
            output_format="pcm_24000",
            voice_settings=VoiceSettings(stability=0.5, similarity_boost=0.8),
        )
    )
    assert server.model.hummed[before:] == ["How are you today?", "I am very well."]
    assert len(audio) / 2 / RATE == pytest.approx(2 * SENTENCE_SECONDS + PAUSE, abs=0.01)


def test_the_official_client_raises_its_own_error_for_an_unknown_voice(eleven):
    with pytest.raises(ApiError) as raised:
        list(eleven.text_to_speech.convert_realtime("nobody", text=iter(["Hello there."])))
    assert raised.value.body["error"] == "voice_not_found"


def test_as_livekit_speaks(server, talk):
    query = (
        "&model_id=eleven_turbo_v2_5&enable_ssml_parsing=false&enable_logging=true"
        "&inactivity_timeout=180&apply_text_normalization=auto&sync_alignment=true&auto_mode=true"
    )
    socket = talk(server, query=query, voice="hpp4J3VqNfWAUOO0d1Us")
    for context in ("one", "two"):
        socket.send(text=" ", voice_settings={}, context_id=context)
        socket.send(text="How are you today? ", context_id=context, flush=True)
        socket.send(text="I am very well. ", context_id=context, flush=True)
        socket.send(text="", context_id=context, flush=True)
        socket.send(context_id=context, close_context=True)
        spoken = socket.until_final(context)
        assert seconds_of(spoken) == pytest.approx(2 * SENTENCE_SECONDS + PAUSE, abs=0.01)
        told = [event["alignment"] for event in spoken if event["alignment"]]
        assert ["".join(each["chars"]) for each in told] == [
            "How are you today? ",
            "I am very well. ",
        ]
        # A sentence's times count from the start of its own audio, which begins with the pause.
        assert told[0]["charStartTimesMs"][0] < 1000 * PAUSE
        assert 1000 * PAUSE <= told[1]["charStartTimesMs"][0] < 1000 * (PAUSE + SENTENCE_SECONDS)
        assert all(len(each["charDurationsMs"]) == len(each["chars"]) for each in told)


def test_as_pipecat_speaks(server, talk):
    socket = talk(server, query="&model_id=eleven_turbo_v2_5&auto_mode=true")
    socket.send(text="")
    socket.send(text=" ", context_id="a", voice_settings={"stability": 0.5, "speed": 2.0})
    socket.send(text="How are you today? ", context_id="a")
    socket.send(text="I am", context_id="a")
    socket.send(text="", context_id="a")
    socket.send(context_id="a", flush=True)
    socket.send(context_id="a", close_context=True)
    spoken = socket.until_final("a")
    assert seconds_of(spoken) == pytest.approx(SENTENCE_SECONDS + PAUSE, abs=0.01)
    assert {"alignment", "normalizedAlignment", "isFinal"} <= spoken[0].keys()
    socket.send(context_id="a", close_context=True)  # as after an interruption
    socket.send(text="Hello there. ", context_id="b", flush=True)
    socket.send(context_id="b", close_context=True)
    assert seconds_of(socket.until_final("b")) > 0


def test_a_break_between_the_texts_of_a_context_takes_the_pauses_place(server, talk):
    socket = talk(server)
    socket.send(text=" ", context_id="a")
    socket.send(text="How are you today? ", context_id="a", flush=True)
    socket.send(text='<break time="1.0s" />', context_id="a", flush=True)
    socket.send(text="I am very well. ", context_id="a", flush=True)
    socket.send(context_id="a", close_context=True)
    spoken = socket.until_final("a")
    assert seconds_of(spoken) == pytest.approx(2 * SENTENCE_SECONDS + 1.0, abs=0.01)


def test_contexts_speak_side_by_side_and_the_socket_closes_after_them(server, talk):
    socket = talk(server)
    socket.send(text="Half of ", context_id="one")
    socket.send(text="Hello there. ", context_id="two", flush=True)
    assert socket.next()["contextId"] == "two"
    socket.send(text="a sentence", context_id="one")
    socket.send(close_socket=True)
    assert seconds_of(socket.until_final("one")) == pytest.approx(SENTENCE_SECONDS, abs=0.01)
    assert socket.closed().rcvd.code == 1000


def test_an_error_ends_its_context_alone(server, talk):
    socket = talk(server)
    socket.send(text="I stay. ", context_id="good")
    socket.send(text="A broken one. ", context_id="bad", flush=True)
    told = socket.until_final("bad")
    assert (told[-2]["error"], told[-2]["contextId"]) == ("internal_error", "bad")
    assert "secret" not in told[-2]["message"]
    socket.send(text="a", context_id="dictionary", pronunciation_dictionary_locators=[{}])
    assert socket.next()["error"] == "invalid_request"
    socket.send(text="a", context_id="good", voice_settings={"speed": 2})
    assert any("voice_settings" in each.get("message", "") for each in socket.until_final("good"))


def test_a_context_without_words_is_final_and_no_error(server, talk):
    socket = talk(server)
    socket.send(text=" ", context_id="a")
    socket.send(context_id="a", close_context=True)
    (only,) = socket.until_final("a")
    assert only["audio"] is None


@pytest.mark.parametrize("path", ["stream-input", "multi-stream-input"])
def test_the_key_may_come_in_the_query_or_the_first_message(server, talk, path):
    end = {"text": ""} if path == "stream-input" else {"context_id": "c", "close_context": True}
    context = None if path == "stream-input" else "c"
    asked = {} if context is None else {"context_id": context}
    in_query = talk(server, path, query=f"&authorization=Bearer%20{server.secret}", headers={})
    in_query.send(text="Hello there.", **asked)
    in_query.send(**end)
    assert seconds_of(in_query.until_final(context)) > 0
    in_message = talk(server, path, headers={})
    in_message.send(text=" ", xi_api_key=server.secret, **asked)
    in_message.send(text="Hello there.", **asked)
    in_message.send(**end)
    assert seconds_of(in_message.until_final(context)) > 0


def test_a_key_that_is_none_is_refused(server, talk):
    for secret in ("mynah_wrong", server.key("train")):
        with pytest.raises(InvalidStatus) as raised:
            talk(server, headers={"xi-api-key": secret})
        assert raised.value.response.status_code in (401, 403)
        assert "detail" in json.loads(raised.value.response.body)
    socket = talk(server, "stream-input", headers={})
    socket.send(text=" ", xi_api_key="mynah_wrong")
    assert socket.next()["error"] == "invalid_api_key"
    assert socket.closed().rcvd.code == 1008


def test_without_a_key_no_message_keeps_a_socket_open(start, talk):
    socket = talk(start(head_seconds=1.5), headers={})
    with pytest.raises(ConnectionClosed):
        for _ in range(100):
            socket.send(text="")
            time.sleep(0.1)


def test_a_server_without_keys_asks_for_none(start, talk):
    socket = talk(start(no_auth=True), "stream-input", headers={})
    socket.send(text="Hello there.")
    socket.send(text="")
    assert seconds_of(socket.until_final()) > 0


def test_a_wrong_query_is_refused(server, talk):
    for query in ("&model_id=gpt-9", "&inactivity_timeout=999", "&seed=x"):
        with pytest.raises(InvalidStatus):
            talk(server, query=query)


def test_a_silent_socket_is_closed(start, talk):
    server = start(head_seconds=0.1)
    assert talk(server, headers={}).closed().rcvd.code == 1008
    waiting = talk(server, query="&inactivity_timeout=1")
    waiting.send(text="A slow end. ", flush=True)
    server.model.gate.set()
    assert waiting.closed().rcvd.code == 1008


@pytest.mark.parametrize("message", ["", "{", "[]", '{"text": 7}', '{"context_id": [1]}', b"\0"])
def test_what_is_no_message_is_refused_and_the_socket_stays(server, talk, message):
    socket = talk(server)
    socket._connection.send(message)
    assert socket.next()["error"]
    socket.send(text="Hello there.", context_id="a", flush=True)
    socket.send(context_id="a", close_context=True)
    assert seconds_of(socket.until_final("a")) > 0
