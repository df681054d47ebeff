"""`mynah serve` and `mynah keys` as an operator types them."""

import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import httpx
import pytest
import torch

from mynah.checkpoints.file import read_checkpoint, write_checkpoint
from mynah.cli.serve import check_access
from mynah.config import Settings, read_settings
from mynah.errors import OptionError


@pytest.fixture
def run(tmp_path, tiny):
    """Starts the command with its data in a folder of its own."""
    environment = {
        **os.environ,
        "MYNAH_DATA": str(tmp_path / "data"),
        "MYNAH_MODEL": str(tiny),
        "OMP_NUM_THREADS": "1",
    }

    def run(*arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", "from mynah.cli import main; main()", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


def test_an_operator_makes_a_key_serves_and_revokes_it(run):
    secret = (
        run("keys", "create", "app", "--scope", "speak", "--days", "7").communicate()[0].strip()
    )
    assert secret.startswith("mynah_")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = run("serve", "--port", str(port))
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"authorization": f"Bearer {secret}"},
        transport=httpx.HTTPTransport(retries=0),
    )
    try:
        wait_for(client)
        body = {"input": "Hello.", "voice": "ljspeech", "response_format": "wav"}
        assert client.post("/v1/audio/speech", json=body).content.startswith(b"RIFF")
        listed = run("keys", "list").communicate()[0]
        assert secret not in listed
        (key,) = re.findall(r"^key_\w+", listed, re.MULTILINE)
        assert "app\tspeak\t" in listed
        assert run("keys", "revoke", key).communicate()[0] == f"{key} is revoked\n"
        assert client.post("/v1/audio/speech", json=body).status_code == 401
    finally:
        client.close()
        server.send_signal(signal.SIGTERM)
        _, log = server.communicate(timeout=20)
    assert server.returncode in (0, -signal.SIGTERM)
    assert '"event": "spoken"' in log
    assert "Hello" not in log
    assert secret not in log


def test_a_model_that_cannot_speak_is_not_served(run, tiny, tmp_path):
    """Its weights load, and make no sound."""
    folder = shutil.copytree(tiny, tmp_path / "broken")
    checkpoint = read_checkpoint(folder / "acoustic.pth")
    weight = {
        name: torch.full_like(value, math.nan) if name.startswith("dec.conv_pre") else value
        for name, value in checkpoint.weight.items()
    }
    write_checkpoint(folder / "acoustic.pth", replace(checkpoint, weight=weight))
    server = run("serve", "--port", "0", "--model", str(folder))
    _, log = server.communicate(timeout=120)
    assert server.returncode == 1
    (said,) = [line for line in log.splitlines() if line.startswith("mynah: The model")]
    assert "cannot speak" in said and "mynah models inspect" in said
    assert "Traceback" not in log and "Uvicorn running" not in log


def test_a_missing_encoder_is_told_by_log_and_answer(run, tiny, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "released")
    (folder / "content.pth").unlink()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = run("serve", "--port", str(port), "--no-auth", "--model", str(folder))
    body = {"input": "Hello.", "voice": "ljspeech", "response_format": "wav"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_for(client)
            answer = client.post("/v1/audio/speech", json=body)
    finally:
        server.terminate()
        _, log = server.communicate(timeout=20)
    warnings = [line for line in map(json.loads, log.splitlines()) if line["level"] == "warning"]
    assert [line["missing"] for line in warnings] == [
        "chinese-hubert-base",
        "chinese-roberta-wwm-ext-large",
    ]
    assert answer.headers["x-model-warning"] == "; ".join(line["event"] for line in warnings)


def wait_for(client: httpx.Client) -> None:
    limit = time.monotonic() + 120
    while True:
        try:
            client.get("/health/ready").raise_for_status()
            return
        except httpx.TransportError:
            assert time.monotonic() < limit
            time.sleep(0.05)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_a_server_without_keys_stays_on_this_machine(host):
    with pytest.raises(OptionError, match="--trust-network"):
        check_access(Settings(host=host, no_auth=True))
    check_access(Settings(host=host, no_auth=True, trust_network=True))
    check_access(Settings(host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_without_keys_on_loopback_is_fine(host):
    check_access(Settings(host=host, no_auth=True))


def test_settings_come_from_the_environment_and_arguments_go_before(monkeypatch):
    monkeypatch.setenv("MYNAH_PORT", "9001")
    monkeypatch.setenv("MYNAH_CORS_ORIGINS", '["https://a"]')
    assert read_settings(port=None).port == 9001
    assert read_settings(port=9002).port == 9002
    assert read_settings().cors_origins == ["https://a"]


def test_a_wrong_setting_is_named(monkeypatch):
    monkeypatch.setenv("MYNAH_QUEUE_SIZE", "many")
    with pytest.raises(OptionError, match="MYNAH_QUEUE_SIZE"):
        read_settings()
