"""`mynah.Client` and `mynah.AsyncClient`."""

import asyncio
import http.server
import threading

import pytest
from training_jobs import IDLE, work

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
        return self._each(self._client.stream(*args, **options))

    def events(self, *args):
        return self._each(self._client.events(*args))

    def _each(self, parts):
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
    monkeypatch.setattr("mynah.client.calls.PAGE", 1)
    server = start()
    with connect(server.url, server.secret) as client:
        client.create_voice("teacher", recording())
        assert len(client.voices()) == 3


@pytest.fixture
def idle(start):
    """A server that works on no job itself."""
    return start(**IDLE)


def test_a_voice_is_trained_and_its_job_watched(idle, connect, recording):
    with connect(idle.url, idle.secret) as client:
        client.create_voice("ann", recording())
        ordered = client.train(
            "ann", recording(), texts=["steps is 4"], epochs=3, rank=None, promote=False
        )
        assert (ordered.state, ordered.version, ordered.error) == ("queued", None, None)
        working = threading.Thread(target=work, args=(idle, ordered.id))
        working.start()
        ended = client.wait(ordered.id)
        working.join()
        assert (ended.state, ended.version, ended.attempts) == ("succeeded", 2, 1)
        assert ended.messages == ["begins at step 0"]
        assert ended.progress.losses.keys() == {"loss"}
        assert [job.id for job in client.jobs()] == [ordered.id]
        told = [*client.events(ordered.id)]
        assert [event.data["state"] for event in told if event.kind == "state"] == [
            "queued",
            "running",
            "succeeded",
        ]
        assert [*client.events(ordered.id, told[1].id)] == told[2:]
        first, second = client.versions("ann")
        assert (first.default, second.default, second.trained) == (True, False, True)
        assert (second.job, second.report["epochs"]) == (ordered.id, 3)


def test_a_job_is_cancelled_tried_again_and_fails(idle, connect, recording):
    with connect(idle.url, idle.secret) as client:
        client.create_voice("ann", recording())
        plan = "steps is 4 failing is 1 how is recording"
        job = client.train("ann", recording(), texts=[plan])
        assert client.cancel(job.id).state == "cancelled"
        with pytest.raises(mynah.ServerError) as raised:
            client.cancel(job.id)
        assert raised.value.code == "job_ended"
        assert client.retry(job.id).state == "queued"
        work(idle, job.id)
        failed = client.job(job.id)
        assert (failed.state, failed.error.code) == ("failed", "invalid_recording")
        assert failed.error.message.startswith("The recording has two speakers")


def test_versions_are_promoted_split_rated_and_rolled_back(idle, connect, recording):
    with connect(idle.url, idle.secret) as client:
        client.create_voice("ann", recording())
        for _ in range(2):
            work(idle, client.train("ann", recording(), texts=["steps is 1"], promote=False).id)
        assert client.promote("ann", 3).default_version == 3
        rollout = client.rollback("ann")
        assert (rollout.default_version, rollout.earlier) == (1, [])
        assert [step.kind for step in rollout.steps] == ["rolled_back", "promoted"]
        rollout = client.set_traffic("ann", {2: 100, 3: 0})
        assert rollout.traffic == {2: 100.0, 3: 0.0}
        assert client.rollout("ann") == rollout
        said = client.speak(TWO, "ann")
        assert said.version == 2
        assert client.rate(said.audio_id, 4).version == 2
        assert client.rate(said.audio_id, similarity=0.5).rating == 4
        assert client.versions("ann")[1].tally.rating == 4
        assert client.set_traffic("ann", {}).traffic == {}


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
