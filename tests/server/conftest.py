"""A real server on a real socket, whose model hums instead of speaking."""

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import loopback
import numpy as np
import openai
import pytest
import soundfile
from fastapi import FastAPI
from web import Web

import fakes
from mynah.cli.serve import take_ports
from mynah.config import Settings
from mynah.engine.local.local_engine import LocalEngine
from mynah.engine.speech_model import SpeechModel
from mynah.server.access.owner_names import DEFAULT_OWNER
from mynah.server.asgi import create_app
from mynah.server.compat.mount import own_ports
from mynah.server.http.server import web_server
from mynah.server.services import Services
from mynah.server.stores import make_server_stores
from mynah.server.voices.stored_voices import StoredVoices

RATE = 32_000


class Hummer(fakes.Model):
    """Hums 0.4 s for each sentence, at a pitch of the voice's own.

    A sentence with "slow" in it waits until `gate` is open; one with "broken" fails.
    """

    sample_rate = RATE
    tokens = 10

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.hummed: list[str] = []

    def read(self, voice) -> fakes.PreparedVoice:
        loudness = [np.abs(recording.samples).mean() for recording in voice.recordings]
        return fakes.PreparedVoice(200 + float(np.mean(loudness)) * 1000)

    def may_decode(self, sequence) -> bool:
        if "slow" in sequence.sentence.text and not self.gate.is_set():
            return False
        if "broken" in sequence.sentence.text:
            sequence.error = RuntimeError(f"secret words: {sequence.sentence.text}")
            return True
        self.hummed.append(sequence.sentence.text)
        return True

    def wave(self, pitch: float, seconds: float) -> np.ndarray:
        time = np.arange(round(seconds * RATE)) / RATE
        return (0.5 * np.sin(2 * np.pi * pitch * time)).astype(np.float32)


class Unpaused(LocalEngine):
    """Leaves out the engine's pauses, so that speech is as long as its sentences."""

    def submit(self, request):
        options = replace(request.options, pause=0)
        return super().submit(replace(request, options=options))


@dataclass
class Running:
    """A server, and ways to talk to it."""

    url: str
    services: Services
    model: SpeechModel
    secret: str
    app: FastAPI
    stop: Callable[[], None]
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, secret: str | None = None) -> httpx.Client:
        """Calls with a key; the all-powerful one if none is given, none if it is empty."""
        used = self.secret if secret is None else secret
        headers = {"authorization": f"Bearer {used}"} if used else {}
        self.clients.append(httpx.Client(base_url=self.url, headers=headers, timeout=20))
        return self.clients[-1]

    def openai(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=self.secret, max_retries=0)

    def key(self, *scopes: str, days: float | None = None, owner: str = DEFAULT_OWNER) -> str:
        return self.services.stores.keys.create("test", scopes, days, owner)[1]


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Running]]:
    """Starts servers with some settings; all stop at the end."""
    started: list[Running] = []

    def start(model: SpeechModel | None = None, /, **settings) -> Running:
        started.append(serve(tmp_path, model or Hummer(), **settings))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Running]:
    """A server with the usual settings, shared by the tests of a file."""
    running = serve(tmp_path_factory.mktemp("server"), Hummer())
    running.model.gate.set()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def serve_in() -> Iterator[Callable[..., Running]]:
    """Starts servers in folders of the caller's; all stop at the end of the file."""
    started: list[Running] = []

    def serve_in(folder: Path, **settings) -> Running:
        started.append(serve(folder, Hummer(), **settings))
        return started[-1]

    yield serve_in
    for running in started:
        running.stop()


def serve(folder: Path, model: SpeechModel, /, **given) -> Running:
    settings = Settings(data=folder, **{"shutdown_seconds": 1, **given})
    stores = make_server_stores(settings)
    engine = Unpaused(
        model,
        StoredVoices(stores.blobs, stores.weights),
        size=settings.queue_size,
        deadline=settings.speech_seconds,
    )
    app = create_app(stores, engine)
    sockets = take_ports("127.0.0.1", [0, *own_ports(settings)])
    for each in sockets:
        each.listen()  # so that no test comes before the server does
    uvicorn_server = web_server(app)
    thread = threading.Thread(target=uvicorn_server.run, kwargs={"sockets": sockets})
    thread.start()
    services = app.state.services

    def stop() -> None:
        for client in running.clients:
            client.close()
        if isinstance(model, Hummer):
            model.gate.set()
        uvicorn_server.should_exit = True
        thread.join()

    running = Running(
        f"http://127.0.0.1:{sockets[0].getsockname()[1]}",
        services,
        model,
        services.stores.keys.create("all", ["admin"])[1],
        app,
        stop,
    )
    return running


@pytest.fixture
def client(server) -> httpx.Client:
    return server.client()


@pytest.fixture(scope="session")
def recording() -> Callable[..., bytes]:
    """Makes the file of a recording that passes for speech."""

    def make(
        seconds: float = 4.0,
        rate: int = 16_000,
        kind: str = "WAV",
        pitch: float = 180,
        loudness: float = 0.3,
    ):
        time = np.arange(int(seconds * rate)) / rate
        wave = loudness * np.sin(2 * np.pi * pitch * time) * np.abs(np.sin(4 * np.pi * time))
        file = io.BytesIO()
        soundfile.write(file, wave.astype(np.float32), rate, format=kind)
        return file.getvalue()

    return make


@pytest.fixture
def error_of() -> Callable[[httpx.Response], dict]:
    """The error in an envelope, whose form is checked."""

    def error_of(answer: httpx.Response) -> dict:
        (error,) = answer.json().values()
        assert error.keys() == {"type", "code", "message", "param", "request_id"}
        assert error["request_id"] == answer.headers["x-request-id"]
        assert "\n" not in error["message"]
        return error

    return error_of


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server on loopback."""
    with Web() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def free_port() -> int:
    return loopback.free_port()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory) -> Iterator[str]:
    with loopback.redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def memcached_url() -> Iterator[str]:
    with loopback.memcached() as url:
        yield url
