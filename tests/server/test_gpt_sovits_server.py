"""`api_v2` as its operator sets it up: ports, control, weights, and SillyTavern in front of it."""

import io
import os
import signal
import socket
import subprocess
import sys
import time

import av
import httpx
import pytest

SAID = "How are you today? I am very well."
SAID_SECONDS = 0.8


def test_control_is_refused(server):
    api = server.client()
    answer = api.get("/gpt-sovits/control", params={"command": "exit"})
    assert answer.status_code == 403
    assert "MYNAH_GPT_SOVITS_CONTROL" in answer.json()["message"]
    assert api.get("/gpt-sovits/control", params={"command": "dance"}).status_code == 400
    assert api.get("/gpt-sovits/control").status_code == 400
    speaker = server.client(server.key("speak"))
    assert speaker.get("/gpt-sovits/control", params={"command": "exit"}).status_code == 403


def test_weights_are_those_that_the_server_was_started_with(start, tiny, monkeypatch):
    monkeypatch.setenv("MYNAH_MODEL", str(tiny))
    api = start().client()
    for call, name in (
        ("set_gpt_weights", "semantic.ckpt"),
        ("set_sovits_weights", "acoustic.pth"),
    ):
        for path in (name, str(tiny / name)):
            answer = api.get(f"/gpt-sovits/{call}", params={"weights_path": path})
            assert answer.json() == {"message": "success"}
        for path in ("other.pth", "/etc/passwd", "../x.ckpt", "content.pth"):
            answer = api.get(f"/gpt-sovits/{call}", params={"weights_path": path})
            assert answer.status_code == 501
            assert "mynah serve --model" in answer.json()["message"]
        assert api.get(f"/gpt-sovits/{call}").status_code == 400


def test_sillytavern_lists_its_voices_and_speaks_with_them(start, recording):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start(gpt_sovits_port=port, gpt_sovits_no_auth=True)
    folder = server.services.settings.references / "参考音频"
    folder.mkdir(parents=True)
    (folder / "[Anna]你好，世界。.wav").write_bytes(recording())
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as tavern:
        (voice,) = tavern.get("/speakers").json()
        asked = {
            "text": SAID,
            "prompt_text": voice["voice_id"].replace("[Anna]", ""),
            "ref_audio_path": f"./参考音频/{voice['voice_id']}.wav",
            "text_lang": "zh",
            "prompt_lang": "zh",
            "text_split_method": "cut5",
            "batch_size": 1,
            "media_type": "ogg",
            "streaming_mode": "true",
        }  # as public/scripts/extensions/tts/gpt-sovits-v2.js sends it
        answer = tavern.post("/", json=asked)
        assert "x-ignored-fields" not in answer.headers
        assert answer.headers["content-type"] == "audio/ogg"
        with av.open(io.BytesIO(answer.content)) as file:
            seconds = sum(frame.samples for frame in file.decode(audio=0)) / 48_000
        assert seconds == pytest.approx(SAID_SECONDS, abs=0.002)
        assert tavern.get("/tts", params=asked).status_code == 200
        assert tavern.get("/v1/voices").status_code == 404
    assert server.client().get("/v1/voices").status_code == 200


def test_at_the_root_it_leaves_mynahs_own_paths_under_theirs(start):
    server = start(root="gpt-sovits", gpt_sovits_no_auth=True)
    assert "message" in server.client("").get("/tts").json()
    assert server.client().get("/mynah/v1/voices").status_code == 200
    assert server.client().get("/v1/voices").json()["Exception"] == "not_found"


def test_exit_ends_the_server_where_that_is_allowed(tmp_path, tiny):
    with (
        socket.create_server(("127.0.0.1", 0)) as main,
        socket.create_server(("127.0.0.1", 0)) as own,
    ):
        ports = [each.getsockname()[1] for each in (main, own)]
    environment = {
        **os.environ,
        "MYNAH_DATA": str(tmp_path),
        "MYNAH_MODEL": str(tiny),
        "MYNAH_NO_AUTH": "true",
        "MYNAH_PORT": str(ports[0]),
        "MYNAH_GPT_SOVITS_PORT": str(ports[1]),
        "MYNAH_GPT_SOVITS_CONTROL": "true",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-c", "from mynah.cli import main; main()", "serve"]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{ports[1]}") as api:
            limit = time.monotonic() + 60
            while True:
                try:
                    restart = api.get("/control", params={"command": "restart"})
                    break
                except httpx.TransportError:
                    assert time.monotonic() < limit
                    time.sleep(0.1)
            assert restart.status_code == 501
            assert api.get("/control", params={"command": "exit"}).json() == {"message": "success"}
        assert server.wait(timeout=20) in (0, -signal.SIGTERM)
    finally:
        server.kill()
        server.wait()
