"""A disk without room: writes are refused with 507, and speech goes on without them."""

import os
import subprocess

import pytest

BODY = {"voice": "ljspeech", "input": "Hello there."}


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A file system of eight megabytes."""
    folder = tmp_path_factory.mktemp("disk")
    mounting = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("a small file system needs root and the right to mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def server(serve_in, disk):
    return serve_in(disk / "data")


@pytest.fixture
def full(server, disk):
    """Fills the disk for a test."""
    client = server.client()
    assert client.post("/v1/audio/speech", json=BODY).is_success
    with (disk / "filling").open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break
    yield client
    (disk / "filling").unlink(missing_ok=True)


def test_writes_are_refused_speech_goes_on_and_all_is_well_afterwards(
    server, full, disk, recording, error_of
):
    voice = {
        "url": "/v1/voices",
        "data": {"name": "Full"},
        "files": {"recordings": ("a.wav", recording(), "audio/wav")},
    }
    stored = {"url": "/v1/audio/speech", "json": BODY | {"store": True}}
    for call in (voice, stored, voice | {"headers": {"idempotency-key": "full"}}):
        refused = full.post(**call)
        assert (refused.status_code, error_of(refused)["code"]) == (507, "storage_full")
        assert int(refused.headers["retry-after"]) >= 1
    for number in range(8):
        said = full.post("/v1/audio/speech", json=BODY | {"input": f"Hello {number}."})
        assert said.status_code == 200
    ready = server.client("").get("/health/ready")
    assert ready.status_code == 503
    assert "No space left" in error_of(ready)["message"]
    (disk / "filling").unlink()
    assert server.client("").get("/health/ready").is_success
    assert full.post(**stored).is_success
    assert full.post(**voice).status_code == 201
