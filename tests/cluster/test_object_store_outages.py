"""S3 that is away, refuses its key, or comes back: told in one line, and gone on with."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import loopback
import pytest
from seaweedfs import SeaweedFS

from mynah.errors import BlobsUnavailableError, OptionError, StorageError
from mynah.storage.blob_urls import open_blobs

LONGEST_SECONDS = 8
"""Of a call while S3 has stopped, which waits for four."""


@pytest.fixture
def stores(seaweedfs, tmp_path):
    """Of a prefix with a blob, and with weights that were fetched and others that were not."""
    url = seaweedfs.url(tmp_path.name)
    blobs, weights = open_blobs(url, tmp_path / "fetched", 1 << 20)
    blobs.put("stored/a", b"kept")
    (tmp_path / "file").write_bytes(b"weights")
    for key in ("voice_1/job_1/1", "voice_1/job_1/2"):
        weights.put(key, {"acoustic.pth": tmp_path / "file"})
    weights.path("voice_1/job_1/1")
    return blobs, weights


@pytest.fixture
def stopped(seaweedfs):
    seaweedfs.signal(signal.SIGSTOP)
    yield
    seaweedfs.signal(signal.SIGCONT)


def opened(seaweedfs, tmp_path, prefix="told"):
    return open_blobs(seaweedfs.url(prefix), tmp_path / "fetched", 1 << 20)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong", "AWS_SECRET_ACCESS_KEY"),
        ("AWS_ACCESS_KEY_ID", "nobody", "AWS_ACCESS_KEY_ID"),
        ("AWS_ENDPOINT_URL", f"http://127.0.0.1:{loopback.free_port()}", "AWS_ENDPOINT_URL"),
    ],
)
def test_what_is_wrong_is_one_line_at_the_start(
    seaweedfs, tmp_path, monkeypatch, name, value, hint
):
    monkeypatch.setenv(name, value)
    with pytest.raises(StorageError) as refused:
        opened(seaweedfs, tmp_path)
    assert hint in str(refused.value)
    assert "\n" not in str(refused.value)
    assert seaweedfs.environment["AWS_SECRET_ACCESS_KEY"] not in str(refused.value)


def test_a_bucket_that_is_not_there_is_one_line_at_the_start(seaweedfs, tmp_path):
    with pytest.raises(StorageError, match="There is no bucket"):
        open_blobs("s3://nobody-made-it/x", tmp_path, 1)


def test_objects_of_a_newer_release_are_left_alone(seaweedfs, tmp_path):
    from obstore import put
    from obstore.store import S3Store

    store = S3Store("mynah", prefix="newer", client_options={"allow_http": True})
    put(store, "format", b"2\n")
    with pytest.raises(StorageError, match="newer"):
        opened(seaweedfs, tmp_path, "newer")


@pytest.mark.parametrize(
    "url", ["gs://mynah", "s3://", "s3://key:secret@mynah/x", "file://host/x", "/srv/mynah"]
)
def test_other_urls_are_refused(tmp_path, url):
    with pytest.raises(OptionError, match="MYNAH_BLOBS_URL") as refused:
        open_blobs(url, tmp_path, 1)
    assert "secret" not in str(refused.value)


def test_calls_are_told_in_time_while_it_does_not_answer(stores, stopped, tmp_path):
    blobs, weights = stores
    calls = [
        lambda: blobs.get("stored/a"),
        lambda: blobs.open("stored/a"),
        lambda: blobs.put("stored/b", b"1"),
        lambda: blobs.delete("stored/a"),
        lambda: weights.path("voice_1/job_1/2"),
        lambda: weights.put("voice_1/job_1/3", {"acoustic.pth": tmp_path / "file"}),
    ]
    began = time.monotonic()
    with ThreadPoolExecutor(len(calls)) as threads:
        errors = [running.exception() for running in [threads.submit(call) for call in calls]]
    assert time.monotonic() - began < LONGEST_SECONDS
    assert all(isinstance(error, BlobsUnavailableError) for error in errors), errors
    assert all(error.retry_after >= 1 for error in errors)


def test_fetched_weights_are_read_while_it_does_not_answer(stores, stopped):
    folder = stores[1].path("voice_1/job_1/1")
    assert (folder / "acoustic.pth").read_bytes() == b"weights"


def test_weights_that_were_changed_on_the_way_are_not_used(stores, seaweedfs, tmp_path):
    from obstore import put
    from obstore.store import S3Store

    store = S3Store("mynah", prefix=tmp_path.name, client_options={"allow_http": True})
    put(store, "versions/voice_1/job_1/2/acoustic.pth", b"changed")
    with pytest.raises(BlobsUnavailableError, match="not as they were written"):
        stores[1].path("voice_1/job_1/2")
    assert not [*(tmp_path / "fetched").rglob("*.part")]


def test_the_least_recently_used_weights_make_room(seaweedfs, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(bytes(1000))
    _, weights = open_blobs(seaweedfs.url(tmp_path.name), tmp_path / "fetched", 2500)
    keys = [f"voice_{number}/job_1/1" for number in range(4)]
    for key in keys:
        weights.put(key, {"acoustic.pth": file})
    folders = [weights.path(key) for key in keys[:2]]
    for folder, age in zip(folders, (5000, 9000), strict=True):
        os.utime(folder, (time.time() - age,) * 2)
    weights.path(keys[2])
    # The third and fourth may be being read.
    weights.path(keys[3])
    assert [(tmp_path / "fetched" / key).exists() for key in keys] == [False, False, True, True]
    assert weights.path(keys[0]).is_dir()


def test_what_was_stored_outlasts_a_kill(tmp_path_factory, tmp_path):
    running = SeaweedFS(tmp_path_factory.mktemp("killed"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in running.environment.items():
                patch.setenv(name, value)
            blobs, _ = opened(running, tmp_path)
            for number in range(20):
                blobs.put(f"stored/{number}", bytes([number]))
            running.kill()
            with pytest.raises(BlobsUnavailableError):
                blobs.get("stored/0")
            running.start()
            assert [blobs.get(f"stored/{number}") for number in range(20)] == [
                bytes([number]) for number in range(20)
            ]
    finally:
        running.kill()
