"""Models of released sizes speak by command line, HTTP and gRPC; each takes 4 GB of memory."""

import os
import subprocess
import sys
import time

import httpx
import loopback
import pytest
import soundfile

import released

pytestmark = pytest.mark.full_size

TEXT = "你好，world."
MYNAH = [sys.executable, "-c", "from mynah.cli import main; main()"]


@pytest.fixture(params=["v1", "v2"])
def environment(request, tmp_path):
    """Folder of a model of a version for `mynah`."""
    pytest.importorskip("transformers")
    model = released.write_all(tmp_path / "model", request.param)
    return {**os.environ, "MYNAH_DATA": str(tmp_path / "data"), "MYNAH_MODEL": str(model)}


def test_the_command_line_and_a_server_speak(environment, tmp_path):
    out = tmp_path / "said.wav"
    model = environment["MYNAH_MODEL"]
    said = subprocess.run(
        [*MYNAH, "say", TEXT, "--voice", "mandarin", "--model", model, "--out", str(out)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")
    assert soundfile.info(out).duration > 0
    port, grpc_port = loopback.free_port(), loopback.free_port()
    environment["MYNAH_GRPC_PORT"] = str(grpc_port)
    with subprocess.Popen([*MYNAH, "serve", "--no-auth", "--port", str(port)], env=environment) as (
        server
    ):
        try:
            speak_over_http(f"http://127.0.0.1:{port}", server)
            speak_over_grpc(f"127.0.0.1:{grpc_port}")
        finally:
            server.terminate()


def speak_over_http(url, server):
    limit = time.monotonic() + 300
    while True:
        try:
            httpx.get(f"{url}/health/ready").raise_for_status()
            break
        except httpx.TransportError:
            assert server.poll() is None and time.monotonic() < limit
            time.sleep(0.2)
    body = {"input": TEXT, "voice": "mandarin", "response_format": "wav"}
    answer = httpx.post(f"{url}/v1/audio/speech", json=body, timeout=300).raise_for_status()
    assert answer.content.startswith(b"RIFF") and len(answer.content) > 10_000
    assert "x-model-warning" not in answer.headers


def speak_over_grpc(address):
    grpc = pytest.importorskip("grpc")
    from mynah.v1 import speech_pb2 as pb
    from mynah.v1.speech_pb2_grpc import SpeechStub

    with grpc.insecure_channel(address) as channel:
        manner = pb.Manner(voice="mandarin", response_format="pcm")
        request = pb.SynthesizeRequest(manner=manner, input=TEXT)
        assert len(SpeechStub(channel).Synthesize(request, timeout=300).audio) > 10_000
