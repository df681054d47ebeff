"""`mynah.Client` and `mynah.AsyncClient`."""

import asyncio
import http.server
import threading

import pytest

import mynah

TWO = "How are you today? I am very well."


@pytest.fixture(params=["sync", "async"])
def connect(request):
    """Connects a client of either kind, whose calls are then made the same way."""
    return Blocking if request.param == "async" else mynah.Client


class Blocking:
    """An `AsyncClient` whose calls are waited for."""

    def __init__(self, *args) -> None:
        self._runner = asyncio.Runner()
        self._client = mynah.AsyncClient(*args)

    def __enter__(self):
        self._runner.run(self._client.__aenter__())
        return self

    def __exit__(self, *error) -> None:
        self._runner.run(self._client.__aexit__(*error))
        self._runner.close()

    def stream(self, *args, **options):
        parts = self._client.stream(*args, **options)
        while (part := self._runner.run(anext_of(parts))) is not None:
            yield part

    def __getattr__(self, name):
        return lambda *args, **options: self._runner.run(
            getattr(self._client, name)(*args, **options)
        )


async def anext_of(parts):
    return await anext(parts, None)


def test_speech_is_that_of_http(server, connect):
    options = {"response_format": "wav", "speed": 2, "seed": 7}
    body = {"input": TWO, "voice": "ljspeech", **options}
    with connect(server.url, server.secret) as client:
        assert (
            client.speak(TWO, "ljspeech", **options)
            == server.client().post("/v1/audio/speech", json=body).content
        )


def test_parts_arrive_while_the_rest_is_being_made(start, connect):
    server = start()
    with connect(server.url, server.secret) as client:
        parts = client.stream("Here I am. A slow end.", "ljspeech", response_format="wav")
        assert next(parts).startswith(b"RIFF")
        assert not any("slow" in said for said in server.model.hummed)
        server.model.gate.set()
        assert [*parts]


def test_a_voice_is_made_listed_changed_and_deleted(start, connect, recording, tmp_path):
    server = start()
    file = tmp_path / "teacher.wav"
    file.write_bytes(recording())
    with connect(server.url, server.secret) as client:
        made = client.create_voice(
            "Frau Müller?", file, recording(), texts=["What I say."], labels={"mood": "calm"}
        )
        assert made in client.voices()
        assert client.voice("Frau Müller?").labels == {"mood": "calm"}
        assert client.speak(TWO, made.id)
        assert client.change_voice(made.id, name="master", consent="by letter").name == "master"
        client.delete_voice("master")
        assert made.id not in [voice.id for voice in client.voices()]


def test_all_voices_are_listed_however_many(start, connect, recording, monkeypatch):
    monkeypatch.setattr("mynah.client._PAGE", 1)
    server = start()
    with connect(server.url, server.secret) as client:
        client.create_voice("teacher", recording())
        assert len(client.voices()) == 3


def test_errors_say_what_the_server_said(server, connect):
    with connect(server.url, server.secret) as client, pytest.raises(mynah.ServerError) as raised:
        client.speak(TWO, "nobody")
    error = raised.value
    assert (error.status, error.code, error.param) == (404, "voice_not_found", "voice")
    assert error.request_id.startswith("req_")
    with connect(server.url) as client, pytest.raises(mynah.ServerError, match="no API key"):
        client.voices()


def test_a_server_that_is_away_or_another_is_told(connect):
    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(404)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Other) as other:
        url = f"http://127.0.0.1:{other.server_port}"
        thread = threading.Thread(target=other.handle_request)
        thread.start()
        with connect(url) as client, pytest.raises(mynah.ServerError, match="Mynah server"):
            client.voices()
        thread.join()
    with connect(url) as client, pytest.raises(mynah.ServerError, match="does not answer"):
        client.voices()
