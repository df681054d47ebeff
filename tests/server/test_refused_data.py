"""Data that this Mynah cannot use is refused in one line, before a model is loaded, and kept."""

import logging.config
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from data_folders import CHANGES, SECRET, old_data_folder, with_next_revision

from mynah.cli.serve import serve
from mynah.config import Settings
from mynah.errors import StorageError
from mynah.server.access.keys import Keys
from mynah.server.stores import open_stores
from mynah.storage import migrate, revisions
from mynah.storage.data_folder import make_data_folder


@pytest.fixture
def folder(tmp_path):
    return old_data_folder(tmp_path / "data", b"hum")


def from_the_future(folder, monkeypatch):
    made = with_next_revision(folder.parent / "migrations", CHANGES)
    with monkeypatch.context() as patch:
        patch.setattr(revisions, "MIGRATIONS", made)
        migrate.upgrade(f"sqlite:///{folder / 'mynah.db'}")


def of_a_future_format(folder, _):
    (folder / "format").write_text("2\n")


def with_a_broken_format(folder, _):
    (folder / "format").write_bytes(b"\xff\x00\n\n")


def with_text_for_a_database(folder, _):
    (folder / "mynah.db").write_text("Dear diary,\n" * 1000)


def with_half_a_database(folder, _):
    data = (folder / "mynah.db").read_bytes()
    (folder / "mynah.db").write_bytes(data[: len(data) // 2])


def with_a_bad_page(folder, _):
    migrate.upgrade(f"sqlite:///{folder / 'mynah.db'}")
    with_noise(folder)


def with_a_bad_page_from_before(folder, _):
    with_noise(folder)


def with_noise(folder):
    with (folder / "mynah.db").open("r+b") as file:
        file.seek(10 * 4096)
        file.write(bytes(range(256)) * 64)


def with_a_folder_for_a_database(folder, _):
    (folder / "mynah.db").unlink()
    (folder / "mynah.db").mkdir()


def without_a_column(folder, _):
    change(folder, "ALTER TABLE jobs DROP COLUMN sent_at")


def without_a_table(folder, _):
    change(folder, "DROP TABLE voice_shares")


def change(folder, statement):
    migrate.upgrade(f"sqlite:///{folder / 'mynah.db'}")
    with closing(sqlite3.connect(folder / "mynah.db")) as database:
        database.execute(statement)


@pytest.mark.parametrize(
    ("spoil", "remedy"),
    [
        (from_the_future, "newer Mynah"),
        (of_a_future_format, "newer Mynah"),
        (with_a_broken_format, "newer Mynah"),
        (with_text_for_a_database, "backup"),
        (with_half_a_database, "backup"),
        (with_a_bad_page, "backup"),
        (with_a_bad_page_from_before, "backup"),
        (with_a_folder_for_a_database, "MYNAH_DATA"),
        (without_a_column, "lacks the column jobs.sent_at"),
        (without_a_table, "lacks the column voice_shares"),
    ],
)
def test_a_server_refuses_it_before_it_loads_a_model(folder, monkeypatch, spoil, remedy):
    spoil(folder, monkeypatch)
    monkeypatch.setattr(logging.config, "dictConfig", lambda _: None)
    before = content(folder)
    with pytest.raises(StorageError, match=remedy) as refused:
        serve(Settings(data=folder, port=0, model=folder / "no model"))
    assert "\n" not in str(refused.value)
    assert str(folder) in str(refused.value)
    after = content(folder)
    for made in ("format", "mynah.db.lock"):
        after.pop(made, None)
        before.pop(made, None)
    assert after == before


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def mynah(folder):
    """Runs the command as a user whom the bits of files bind, as they do not bind root."""
    bound = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is not installed: apt-get install util-linux")
        bound = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]

    def run(*command: str, **settings: str) -> subprocess.CompletedProcess:
        code = "from mynah.cli import main; main()"
        environment = os.environ | {"MYNAH_DATA": str(folder)} | settings
        return subprocess.run(
            [*bound, sys.executable, "-c", code, *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("upgraded", [True, False])
@pytest.mark.parametrize("part", ["mynah.db", "."])
def test_a_read_only_database_or_folder(folder, mynah, part, upgraded):
    if upgraded:
        migrate.upgrade(f"sqlite:///{folder / 'mynah.db'}")
    before = content(folder)
    (folder / part).chmod(0o555)
    ended = mynah("keys", "list")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"mynah: {folder / part} cannot be written")
    assert ended.stderr.count("\n") == 1
    (folder / part).chmod(0o755)
    assert content(folder) == before
    assert mynah("db", "upgrade").returncode == 0
    assert mynah("keys", "list").stdout.count("valid") == 2


def test_a_folder_that_cannot_be_made_or_marked(folder, mynah):
    folder.chmod(0o555)
    for data in (folder, folder / "new"):
        ended = mynah("jobs", "list", MYNAH_DATA=str(data))
        assert ended.returncode == 1
        assert ended.stderr.startswith(f"mynah: The data folder {data} cannot be made or written")
        assert ended.stderr.count("\n") == 1


def test_a_database_server_that_is_away(mynah, free_port):
    pytest.importorskip("psycopg")
    ended = mynah(
        "keys", "list", MYNAH_DATABASE_URL=f"postgresql+psycopg://me:secret@127.0.0.1:{free_port}/a"
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "MYNAH_DATABASE_URL" in ended.stderr
    assert "secret" not in ended.stderr


def test_a_worker_with_a_broker_says_so_at_once(folder, mynah):
    pytest.importorskip("celery")
    ended = mynah("worker", MYNAH_BROKER_URL="redis://127.0.0.1:9")
    assert ended.returncode == 1
    assert "has no revision yet" in ended.stderr
    assert not (folder / "mynah.db.lock").exists()


def test_a_folder_says_its_format_once(folder):
    make_data_folder(folder)
    assert (folder / "format").read_text() == "1\n"
    written = (folder / "format").stat().st_mtime_ns
    make_data_folder(folder)
    assert (folder / "format").stat().st_mtime_ns == written


def test_commands_open_an_old_folder_once_it_is_upgraded(folder):
    with pytest.raises(StorageError, match="mynah db upgrade"):
        open_stores(Settings(data=folder))
    migrate.upgrade(f"sqlite:///{folder / 'mynah.db'}")
    records = open_stores(Settings(data=folder)).records
    assert Keys(records).find(SECRET).name == "fixture"
    records.dispose()
