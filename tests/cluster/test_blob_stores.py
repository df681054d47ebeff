"""Stores of recordings and weights: the same to a server, whether in a folder or in S3."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from mynah.storage.blob_urls import open_blobs
from mynah.storage.bucket import PART

_numbers = count()


@pytest.fixture(params=["file", "s3"])
def url(request, tmp_path):
    if request.param == "file":
        return (tmp_path / "shared").as_uri()
    return request.getfixturevalue("seaweedfs").url(f"suite/{next(_numbers)}")


@pytest.fixture
def machine(url, tmp_path):
    """Opens the stores as another machine does, which has fetched nothing yet."""
    return lambda name="one": open_blobs(url, tmp_path / f"fetched of {name}", 1 << 30)


@pytest.fixture
def blobs(machine):
    return machine()[0]


def large(size):
    return random.Random(size).randbytes(size)


def weights(folder, **data):
    folder.mkdir(exist_ok=True)
    files = {}
    for stem, content in data.items():
        (folder / f"own-{stem}").write_bytes(content)
        files[f"{stem}.pth"] = folder / f"own-{stem}"
    return files


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 3 * PART + 7])
def test_what_is_put_is_read_whole_and_in_parts(blobs, size):
    data = large(size)
    blobs.put("recordings/rec_1.flac", data)
    assert blobs.get("recordings/rec_1.flac") == data
    blob = blobs.open("recordings/rec_1.flac")
    assert blob.size == size
    for start, stop in [(0, size), (size // 3, size // 2), (max(0, size - 1), size)]:
        assert b"".join(blob.read(start, stop)) == data[start:stop]


def test_a_blob_is_written_once(blobs):
    for size in (10, PART + 10):
        blobs.put(f"stored/{size}", large(size))
        blobs.put(f"stored/{size}", large(size))
        with pytest.raises(FileExistsError):
            blobs.put(f"stored/{size}", large(size)[::-1])
        assert blobs.get(f"stored/{size}") == large(size)


def test_tags_tell_data_apart(blobs):
    blobs.put("stored/a", b"1")
    blobs.put("stored/b", b"23")
    assert blobs.open("stored/a").tag == blobs.open("stored/a").tag != blobs.open("stored/b").tag


def test_a_blob_is_gone_once_it_is_deleted(blobs):
    blobs.put("stored/a", b"1")
    blobs.put("stored/ab", b"2")
    blob = blobs.open("stored/a")
    blobs.delete("stored/a")
    blobs.delete("stored/a")
    for read in (blobs.get, blobs.open):
        with pytest.raises(FileNotFoundError):
            read("stored/a")
    with pytest.raises(FileNotFoundError):
        list(blob.read(0, 1))
    assert blobs.get("stored/ab") == b"2"


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "a/../../x"])
def test_no_key_leads_out(machine, tmp_path, key):
    blobs, folders = machine()
    with pytest.raises(ValueError):
        blobs.put(key, b"1")
    with pytest.raises(ValueError):
        folders.put(key, weights(tmp_path / "made", acoustic=b"1"))


def test_weights_are_the_same_on_another_machine(machine, tmp_path):
    files = weights(tmp_path / "made", semantic=large(PART + 3), acoustic=large(5))
    machine("one")[1].put("voice_1/job_1/1", files)
    folder = machine("two")[1].path("voice_1/job_1/1")
    assert contents(folder) == {name: file.read_bytes() for name, file in files.items()}
    assert machine("two")[1].path("voice_1/job_1/1") == folder


def test_weights_that_one_machine_deletes_are_gone_on_all(machine, tmp_path):
    _, one = machine("one")
    _, two = machine("two")
    for voice, attempt in [("voice_1", 1), ("voice_1", 2), ("voice_10", 1)]:
        one.put(f"{voice}/job_1/{attempt}", weights(tmp_path / "made", acoustic=b"1"))
    assert two.path("voice_1/job_1/1").is_dir()
    one.delete("voice_1")
    one.delete("voice_1")
    for attempt in (1, 2):
        with pytest.raises(FileNotFoundError):
            two.path(f"voice_1/job_1/{attempt}")
    assert contents(two.path("voice_10/job_1/1")) == {"acoustic.pth": b"1"}


def test_many_may_ask_for_weights_at_once(machine, tmp_path):
    files = weights(tmp_path / "made", acoustic=large(PART * 2))
    machine("one")[1].put("voice_1/job_1/1", files)
    together = threading.Barrier(8)

    def ask(_):
        _, folders = machine("two")
        together.wait()
        return contents(folders.path("voice_1/job_1/1"))

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(8)))
    assert all(each == {"acoustic.pth": large(PART * 2)} for each in found)


def test_an_upload_that_broke_off_leaves_no_weights(machine, tmp_path):
    _, folders = machine()
    files = weights(tmp_path / "made", acoustic=b"1")
    with pytest.raises(OSError):
        folders.put("voice_1/job_1/1", files | {"semantic.pth": tmp_path / "none"})
    with pytest.raises(FileNotFoundError):
        folders.path("voice_1/job_1/1")
    folders.delete("voice_1/job_1/1")
    folders.put("voice_1/job_1/1", files)
    assert contents(folders.path("voice_1/job_1/1")) == {"acoustic.pth": b"1"}
