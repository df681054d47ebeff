"""Checkpoint files: whole or refused, and nothing in them is ever run."""

import io
import os
import pickle
import sys
import tempfile
import types
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mynah.checkpoints.file import Checkpoint, read_checkpoint, write_checkpoint
from mynah.checkpoints.header import VERSION_TAGS
from mynah.errors import CheckpointError

WEIGHT = {"a.weight": torch.arange(6.0).view(2, 3).half(), "a.bias": torch.ones(2).half()}
CONFIG = {"model": {"sizes": [1, 2, 3], "version": "v2"}, "data": {"rate": 32_000, "fmax": None}}


def file_bytes(tag: str | None = None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voice.pth"
        write_checkpoint(path, Checkpoint(WEIGHT, CONFIG, "8epoch", version_tag=tag))
        return path.read_bytes()


WHOLE = file_bytes()


def read_bytes(data: bytes) -> Checkpoint:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voice.pth"
        path.write_bytes(data)
        return read_checkpoint(path)


def refused(data: bytes) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_bytes(data)
    message = str(caught.value)
    assert "\n" not in message
    assert "voice.pth" in message
    return message


@pytest.mark.parametrize("tag", [None, *VERSION_TAGS.values()])
def test_what_was_written_is_read_back(tag):
    data = file_bytes(tag)
    read = read_bytes(data)
    assert read.version_tag == tag == VERSION_TAGS.get(data[:2])
    assert (read.config, read.info) == (CONFIG, "8epoch")
    assert read.weight.keys() == WEIGHT.keys()
    assert all(torch.equal(read.weight[name], WEIGHT[name]) for name in WEIGHT)


def test_a_written_file_without_a_tag_opens_in_torch(tmp_path):
    (tmp_path / "voice.pth").write_bytes(WHOLE)
    assert torch.load(tmp_path / "voice.pth")["info"] == "8epoch"


def test_a_view_is_written_without_the_storage_behind_it(tmp_path):
    path = tmp_path / "voice.pth"
    write_checkpoint(path, Checkpoint({"a": torch.zeros(100_000).half()[:4]}, CONFIG))
    assert path.stat().st_size < 4_000


def test_one_tensor_of_two_names_is_written_once(tmp_path):
    square = torch.randn(300, 300)
    weight = {"one": square, "two": square, "turned": square.T}
    write_checkpoint(tmp_path / "a.pth", Checkpoint(weight, CONFIG, ""))
    assert (tmp_path / "a.pth").stat().st_size < 2 * 2 * square.numel() + 10_000
    read = read_checkpoint(tmp_path / "a.pth").weight
    assert all(torch.equal(read[name], tensor.half()) for name, tensor in weight.items())


def test_settings_pickled_as_upstreams_class_become_dictionaries(tmp_path, monkeypatch):
    module = types.ModuleType("utils")

    class HParams:
        def __init__(self, **settings):
            for name, value in settings.items():
                setattr(self, name, HParams(**value) if isinstance(value, dict) else value)

    HParams.__module__, HParams.__qualname__ = "utils", "HParams"
    module.HParams = HParams
    monkeypatch.setitem(sys.modules, "utils", module)
    torch.save({"weight": WEIGHT, "config": HParams(**CONFIG), "info": ""}, tmp_path / "old.pth")
    monkeypatch.delitem(sys.modules, "utils")
    assert read_checkpoint(tmp_path / "old.pth").config == CONFIG


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1))
def test_a_truncated_file_is_refused(length):
    refused(WHOLE[:length])


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data):
    refused(data)
    refused(b"PK" + data)


def test_an_entry_that_is_marked_as_a_folder_is_refused():
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        name = next(entry.filename for entry in archive.infolist() if "/data/" in entry.filename)
    # The last name is that of the central directory, 8 bytes after the attributes.
    place = WHOLE.rindex(name.encode()) - 8
    refused(WHOLE[:place] + b"\x10" + WHOLE[place + 1 :])


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_file_is_refused_or_still_means_the_same(position, damage):
    data = WHOLE[:position] + damage + WHOLE[position + len(damage) :]
    try:
        read = read_bytes(data)
    except CheckpointError as error:
        assert "\n" not in str(error)
    else:
        assert read.config == CONFIG
        assert all(torch.equal(read.weight[name], WEIGHT[name]) for name in WEIGHT)


def test_a_compressed_archive_is_refused(tmp_path):
    (tmp_path / "voice.pth").write_bytes(WHOLE)
    whole = zipfile.ZipFile(tmp_path / "voice.pth")
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as bomb:
        for name in whole.namelist():
            bomb.writestr(name, whole.read(name))
    refused((tmp_path / "bomb.pth").read_bytes())


def test_an_unknown_tag_is_refused():
    assert "not a GPT-SoVITS checkpoint" in refused(b"99" + WHOLE[2:])


def test_an_empty_file_is_refused():
    refused(b"")


class RunsCode:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_code_in_a_pickle_is_named_and_not_run(tmp_path):
    trap, path = tmp_path / "trap", tmp_path / "voice.pth"
    torch.save({"weight": WEIGHT, "config": CONFIG, "info": RunsCode(trap)}, path)
    assert "posix.mkdir" in refused(path.read_bytes()) or os.name == "nt"
    tagged = refused(b"05" + path.read_bytes()[2:])
    assert "run code" in tagged
    assert not trap.exists()


def test_a_bare_pickle_is_not_run(tmp_path):
    trap = tmp_path / "trap"
    refused(pickle.dumps(RunsCode(trap)))
    assert not trap.exists()


@pytest.mark.parametrize(
    "content",
    [
        {"weight": WEIGHT},
        {"config": CONFIG},
        {"weight": {}, "config": CONFIG},
        {"weight": {"a": 1}, "config": CONFIG},
        {"weight": {1: torch.ones(1)}, "config": CONFIG},
        {"weight": WEIGHT, "config": [1]},
        [1, 2],
        torch.ones(3),
    ],
)
def test_other_things_that_torch_saved_are_refused(content, tmp_path):
    torch.save(content, tmp_path / "other.pth")
    assert "weights and a configuration" in refused((tmp_path / "other.pth").read_bytes())


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="No such file"):
        read_checkpoint(tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match="directory"):
        read_checkpoint(tmp_path)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "voice.pth"
    path.write_bytes(WHOLE)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        write_checkpoint(path, Checkpoint({"a": torch.ones(1)}, CONFIG))
    assert [p.name for p in tmp_path.iterdir()] == ["voice.pth"]
    assert path.read_bytes() == WHOLE


def test_writing_into_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="No such file"):
        write_checkpoint(tmp_path / "none" / "voice.pth", Checkpoint(WEIGHT, CONFIG))
