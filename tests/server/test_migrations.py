"""Databases in SQLite are brought to today's schema, once and whole or not at all."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from data_folders import (
    CHANGES,
    NEWEST,
    copies,
    first_revision,
    old_data_folder,
    query,
    rows,
    with_second_revision,
)

from mynah.config import read_settings
from mynah.errors import StorageError
from mynah.server.stores import make_server_stores
from mynah.storage import migrate, revisions
from mynah.storage.database import open_database
from mynah.storage.migrate import MigrationPolicy
from mynah.storage.sqlite_file import copy_beside, locked
from mynah.storage.tables import metadata

OPEN = """
import sys
from pathlib import Path
from mynah.storage import migrate, revisions
revisions.MIGRATIONS = Path(sys.argv[2])
migrate.upgrade(sys.argv[1])
"""


@pytest.fixture
def folder(tmp_path):
    return old_data_folder(tmp_path / "data", b"hum")


@pytest.fixture
def url(folder):
    return f"sqlite:///{folder / 'mynah.db'}"


@pytest.fixture
def second(tmp_path, monkeypatch):
    """Adds a revision of some steps."""

    def second(steps: str = CHANGES) -> Path:
        made = with_second_revision(tmp_path / "100% of the migrations", steps)
        monkeypatch.setattr(revisions, "MIGRATIONS", made)
        return made

    return second


def upgrading(url: str, migrations: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", OPEN, url, migrations], stderr=subprocess.PIPE)


def test_a_new_database_has_the_tables_of_the_code(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'new' / 'mynah.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mynah.db", "mynah.db.lock"]


def test_a_database_from_before_has_them_too_and_is_copied(folder, url):
    before = rows(folder / "mynah.db")
    assert migrate.current(url) is None
    engine = open_database(url, MigrationPolicy.UPGRADE)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    assert migrate.current(url) == NEWEST
    (copy,) = copies(folder)
    after = rows(folder / "mynah.db")
    assert after.pop("voice_shares") == []
    assert {row.pop("trusted") for row in after["answers"]} == {1}
    owned = ("keys", "voices", "stored_audio", "answers", "first_answers", "jobs", "deliveries")
    for table in owned:
        assert {row.pop("owner") for row in after[table]} == {"default"}
    assert after == rows(copy) == before
    assert query(folder, "SELECT count(*) FROM recordings") == [(21,)]


@pytest.fixture(params=["r0001", None])
def base(request, folder, url, tmp_path, monkeypatch):
    """The revision that the old database says it has."""
    if request.param:
        monkeypatch.setattr(revisions, "MIGRATIONS", first_revision(tmp_path / "first"))
        migrate.upgrade(url).unlink()
    return request.param


def test_an_upgrade_keeps_every_row_and_a_copy(folder, url, base, second):
    assert migrate.current(url) == base
    before = rows(folder / "mynah.db")
    second()
    copy = migrate.upgrade(url)
    assert migrate.check(url) == "r0002"
    after = rows(folder / "mynah.db")
    assert {row.pop("note") for row in after["keys"]} == {"none"}
    assert {row.pop("rank") for row in after["voices"]} == {None}
    assert after == before == rows(copy)
    assert copies(folder) == [copy]
    assert copy.name.startswith("mynah.db.before-r0002-")
    assert migrate.upgrade(url) is None


def test_a_copy_is_as_private_as_the_database(folder, url):
    for mode in (0o600, 0o640):
        (folder / "mynah.db").chmod(mode)
        assert copy_beside(folder / "mynah.db", "r0002").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize(
    "steps",
    [
        f"{CHANGES}\n    raise ValueError",
        f"{CHANGES}\n    op.execute('no statement')",
        f"{CHANGES}\n    op.execute('DELETE FROM voices')",
    ],
    ids=["a defect", "refused by the database", "rows that refer to nothing"],
)
def test_an_upgrade_that_fails_leaves_everything_as_it_was(folder, url, base, second, steps):
    before = rows(folder / "mynah.db")
    second(steps)
    with pytest.raises((StorageError, ValueError)):
        migrate.upgrade(url)
    assert rows(folder / "mynah.db") == before
    assert migrate.current(url) == base
    assert copies(folder) == []


def test_an_upgrade_that_is_killed_is_done_anew(folder, url, base, second, tmp_path):
    before, marker = rows(folder / "mynah.db"), tmp_path / "half way"
    wait = f"import time; open({str(marker)!r}, 'w').close(); time.sleep(60)"
    killed = upgrading(url, second(f"{CHANGES}\n    {wait}"))
    while not marker.exists():
        assert killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert rows(folder / "mynah.db") == before
    assert migrate.current(url) == base
    versions = revisions.MIGRATIONS / "versions" / "r0002_test.py"
    versions.write_text(versions.read_text().replace("time.sleep(60)", ""))
    migrate.upgrade(url)
    after = rows(folder / "mynah.db")
    assert after["recordings"] == before["recordings"]
    assert "rank" in after["voices"][0]
    assert copies(folder)
    assert all(rows(copy) == before for copy in copies(folder))


def test_of_many_that_start_at_once_one_upgrades(folder, url, second):
    migrations = second(f"{CHANGES}\n    import time; time.sleep(0.5)")
    servers = [upgrading(url, migrations) for _ in range(4)]
    assert [(server.communicate()[1], server.returncode) for server in servers] == [(b"", 0)] * 4
    assert migrate.check(url) == "r0002"
    assert len(copies(folder)) == 1


def test_an_upgrade_waits_for_another_however_long_that_takes(folder, url, second, caplog):
    caplog.set_level(logging.INFO)
    second()
    with ThreadPoolExecutor(1) as pool:
        with locked(folder / "mynah.db"):
            waiting = pool.submit(migrate.upgrade, url)
            while "waiting for another process" not in caplog.text:
                assert not waiting.done()
                time.sleep(0.01)
            assert migrate.current(url) is None
        waiting.result()
    assert migrate.check(url) == "r0002"


def test_a_look_does_not_mix_what_was_before_and_after_an_upgrade(url, second, monkeypatch):
    second()
    read, upgraded = migrate.read_columns, []

    def late(connection):
        if not upgraded:
            upgraded.append(True)
            migrate.upgrade(url)
        return read(connection)

    monkeypatch.setattr(migrate, "read_columns", late)
    assert migrate.upgrade(url) is None
    assert migrate.check(url) == "r0002"


def test_of_many_that_start_at_once_on_nothing_one_makes_the_tables(tmp_path):
    url = f"sqlite:///{tmp_path / 'new' / 'mynah.db'}"
    servers = [upgrading(url, revisions.MIGRATIONS) for _ in range(4)]
    assert [(server.communicate()[1], server.returncode) for server in servers] == [(b"", 0)] * 4
    assert migrate.check(url) == NEWEST
    assert copies(tmp_path / "new") == []


@pytest.mark.parametrize("policy", [MigrationPolicy.CHECK, MigrationPolicy.CREATE])
def test_only_who_may_upgrades(folder, url, second, policy):
    second()
    before = (folder / "mynah.db").read_bytes()
    with pytest.raises(StorageError, match="mynah db upgrade"):
        open_database(url, policy)
    assert (folder / "mynah.db").read_bytes() == before
    open_database(url, MigrationPolicy.UPGRADE).dispose()
    open_database(url, policy).dispose()


def test_a_worker_makes_no_tables(tmp_path):
    with pytest.raises(StorageError, match="mynah serve"):
        open_database(f"sqlite:///{tmp_path / 'mynah.db'}", MigrationPolicy.CHECK)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE jobs DROP COLUMN fence", "jobs.fence"),
        ("ALTER TABLE jobs ADD COLUMN more TEXT", "jobs.more"),
        ("DROP TABLE rollouts", "rollouts.earlier"),
        ("CREATE TABLE cats (name TEXT)", "cats.name"),
    ],
)
def test_tables_that_are_not_those_from_before_are_refused(folder, url, change, named):
    with closing(sqlite3.connect(folder / "mynah.db")) as connection:
        connection.execute(change)
    before = (folder / "mynah.db").read_bytes()
    with pytest.raises(StorageError, match=named):
        open_database(url)
    assert (folder / "mynah.db").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["audio", "mynah.db"]


def test_a_database_of_a_newer_mynah_is_left_as_it_is(folder, url, second, monkeypatch, tmp_path):
    known = first_revision(tmp_path / "first")
    second()
    migrate.upgrade(url)
    monkeypatch.setattr(revisions, "MIGRATIONS", known)
    leave_a_log(folder)
    before = {path.name: path.read_bytes() for path in folder.glob("mynah.db*")}
    for policy in MigrationPolicy:
        with pytest.raises(StorageError, match="newer Mynah.*r0002"):
            open_database(url, policy)
    del before["mynah.db-shm"]  # an index of the log, which whoever reads it may write
    assert before.items() <= {p.name: p.read_bytes() for p in folder.glob("mynah.db*")}.items()
    assert migrate.current(url) == "r0002"


def leave_a_log(folder: Path) -> None:
    """Kill a process right after a write, so that its change is in SQLite's log alone."""
    die = (
        "import os, sqlite3, sys; records = sqlite3.connect(sys.argv[1]); "
        "records.execute('UPDATE voices SET rank = 7'); records.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", die, folder / "mynah.db"], check=True)
    assert (folder / "mynah.db-wal").stat().st_size


def test_a_database_that_needs_nothing_is_opened_without_alembic(tmp_path):
    code = (
        "import sys\n"
        "from mynah.cli import main\n"
        "sys.argv = ['mynah', *sys.argv[1:]]\n"
        "try: main()\n"
        "finally: print(sorted({'alembic', 'torch', 'numpy', 'fastapi'} & set(sys.modules)))\n"
    )

    def modules(*command: str) -> str:
        environment = os.environ | {"MYNAH_DATA": str(tmp_path / "data")}
        run = [sys.executable, "-c", code, "db", *command]
        return subprocess.run(
            run, env=environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout.splitlines()[-1]

    assert modules("upgrade") == "['alembic']"
    assert modules("current") == modules("upgrade") == "[]"


def test_alembic_sees_one_line_of_revisions():
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(revisions.MIGRATIONS))
    seen = [each.revision for each in script.walk_revisions()]
    assert seen[::-1] == revisions.revisions()
    assert seen[-1] == revisions.FIRST


def test_a_database_without_a_file_is_refused():
    from mynah.errors import OptionError

    with pytest.raises(OptionError, match="MYNAH_DATABASE_URL"):
        open_database("sqlite://")


def test_a_new_folder_and_its_database_are_read_by_its_user_alone(tmp_path, monkeypatch):
    before = os.umask(0o022)
    try:
        monkeypatch.setenv("MYNAH_DATA", str(tmp_path / "new"))
        stores = make_server_stores(read_settings())
        stores.keys.create("one", ["speak"])
    finally:
        os.umask(before)
    modes = {
        each.name: each.stat().st_mode & 0o777 for each in (tmp_path / "new").glob("mynah.db*")
    }
    assert set(modes) >= {"mynah.db", "mynah.db-wal", "mynah.db-shm"}
    assert {modes[name] for name in ("mynah.db", "mynah.db-wal", "mynah.db-shm")} == {0o600}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
