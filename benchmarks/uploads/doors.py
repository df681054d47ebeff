"""Every way in that a recording has."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import httpx
import numpy as np
from numpy.typing import NDArray

from mynah.errors import RecordingError
from mynah.v1 import speech_pb2
from mynah.v1.speech_pb2_grpc import SpeechStub
from mynah.voice.recording import read_recording

_REFUSED = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED)


@dataclass(frozen=True, slots=True)
class Answer:
    """Response of a protocol.

    Attributes:
        code: 2xx, 4xx or 5xx in the manner of HTTP.
        text: the response, shortened.
        voice: of the recording, if one was made.
        samples: of the recording, if they were given.
    """

    code: int
    text: str
    voice: str | None = None
    samples: NDArray[np.float32] | None = None


class Shelf(ThreadingHTTPServer):
    """A web server on loopback that holds one recording."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.data = b""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Path of the recording."""
        return f"http://127.0.0.1:{self.server_port}/recording"


class _Page(BaseHTTPRequestHandler):
    server: Shelf

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.data)

    def log_message(self, format: str, *_: object) -> None:
        """Print nothing."""


@dataclass(slots=True)
class Doors:
    """Ways into a server, and those that need none.

    Attributes:
        http: calls with a key.
        channel: to its gRPC port.
        secret: the key.
        references: its folder of references.
    """

    http: httpx.Client
    channel: grpc.Channel
    secret: str
    references: Path
    shelf: Shelf = field(default_factory=Shelf)
    _made: int = 0

    def all(self) -> dict[str, Callable[[bytes], Answer]]:
        """Each by its name."""
        return {
            "http": partial(self._post, "/v1/voices", "recordings"),
            "elevenlabs": partial(self._post, "/elevenlabs/v1/voices/add", "files"),
            "url": self._by_url,
            "grpc": self._by_grpc,
            "api_v2": self._by_reference,
            "read_recording": _read,
            "mynah say": _say,
        }

    def _name(self) -> str:
        self._made += 1
        return f"voice {self._made}"

    def _post(self, path: str, part: str, data: bytes) -> Answer:
        name = self._name()
        files = {part: ("recording", data)}
        return _answer(self.http.post(path, data={"name": name}, files=files), name)

    def _by_url(self, data: bytes) -> Answer:
        name, self.shelf.data = self._name(), data
        form = {"name": name, "recording_urls": self.shelf.url}
        return _answer(self.http.post("/v1/voices", data=form), name)

    def _by_grpc(self, data: bytes) -> Answer:
        name = self._name()
        request = speech_pb2.CreateVoiceRequest(
            name=name, recordings=[speech_pb2.Recording(audio=data)]
        )
        metadata = (("authorization", f"Bearer {self.secret}"),)
        stub = SpeechStub(self.channel)  # type: ignore[no-untyped-call]
        try:
            stub.CreateVoice(request, metadata=metadata, timeout=60)
        except grpc.RpcError as error:
            return Answer(400 if error.code() in _REFUSED else 500, str(error.details()))
        return Answer(201, "", name)

    def _by_reference(self, data: bytes) -> Answer:
        (self.references / "reference").write_bytes(data)
        asked = {
            "text": "Yes.", "text_lang": "en", "prompt_lang": "en", "ref_audio_path": "reference",
        }  # fmt: skip
        return _answer(self.http.post("/gpt-sovits/tts", json=asked), None)


def _answer(answer: httpx.Response, name: str | None) -> Answer:
    if answer.status_code in (401, 403, 404, 429):  # the recording was not looked at
        answer.raise_for_status()
    text = "" if answer.is_success else answer.text[:300]
    return Answer(answer.status_code, text, name if answer.is_success else None)


def _read(data: bytes) -> Answer:
    try:
        return Answer(200, "", samples=read_recording(data).at(32_000).samples)
    except RecordingError as error:
        return Answer(400, str(error))
    except Exception as error:  # that is what is counted
        return Answer(500, repr(error))


def _say(data: bytes) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "recording").write_bytes(data)
        command = [sys.executable, "-m", "mynah", "say", "Yes.", "--voice", "recording"]
        ended = subprocess.run(
            [*command, "--out", "said.wav"], cwd=folder, capture_output=True, text=True, check=False
        )
    is_crash = ended.returncode not in (0, 1) or "Traceback" in ended.stderr
    return Answer(500 if is_crash else 200 if ended.returncode == 0 else 400, ended.stderr[-300:])
