"""Databases in PostgreSQL get today's schema, and are upgraded only when that is asked for."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import loopback
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from data_folders import CHANGES, NEWEST, NEXT, with_next_revision
from sqlalchemy import create_engine, inspect, text

from mynah.config import Settings
from mynah.errors import StorageError
from mynah.server.access.keys import Keys
from mynah.server.stores import open_stores, server_policy
from mynah.storage import migrate, revisions
from mynah.storage.database import open_database
from mynah.storage.migrate import MigrationPolicy
from mynah.storage.revisions import run_revisions
from mynah.storage.tables import metadata

OLD_KEY = (
    "INSERT INTO keys (id, name, hash, scopes, created_at) "
    "VALUES ('key_1', 'old', '-', '[\"speak\"]', 0)"
)
OLD_VOICE = (
    "INSERT INTO voices (id, name, language, labels, default_version, created_at) "
    "VALUES ('voice_1', 'ann', 'en', '{}', '1', 0)"
)
STEPS = f"{CHANGES}\n    import time; time.sleep(0.3)"


@pytest.fixture(scope="module")
def postgres():
    with loopback.postgres() as url:
        yield url


@pytest.fixture
def url(postgres, request):
    """The URL of a database of the test's own."""
    name = f"test_{abs(hash(request.node.name))}"
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return postgres.replace("/postgres", f"/{name}")


@pytest.fixture
def add_revision(tmp_path, monkeypatch):
    def add_revision(steps: str = STEPS) -> None:
        made = with_next_revision(tmp_path / "migrations", steps)
        monkeypatch.setattr(revisions, "MIGRATIONS", made)

    return add_revision


def run(url, *statements):
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def make_tables_from_before(url):
    """Tables of the first revision, which do not say so."""
    engine = create_engine(url)
    with engine.begin() as connection:
        run_revisions(connection, revisions.FIRST)
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()


def differences(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    return found


def test_an_empty_database_gets_the_tables_of_the_code(url, tmp_path):
    settings = Settings(data=tmp_path, database_url=url)
    assert migrate.current(url) is None
    open_stores(settings, server_policy(settings)).close()
    assert migrate.check(url) == NEWEST
    assert differences(url) == []


def test_tables_from_before_are_stamped_with_their_rows(url):
    make_tables_from_before(url)
    run(url, OLD_KEY, OLD_VOICE)
    records = open_database(url, MigrationPolicy.UPGRADE)
    assert [(each.id, each.owner) for each in Keys(records).all()] == [("key_1", "default")]
    assert migrate.check(url) == NEWEST
    assert differences(url) == []
    # Another owner may have a voice of the same name.
    run(url, "UPDATE voices SET owner = 'b'", OLD_VOICE.replace("voice_1", "voice_2"))
    records.dispose()


def test_tables_that_are_not_those_from_before_are_refused(url):
    make_tables_from_before(url)
    run(url, "ALTER TABLE jobs ALTER COLUMN version TYPE text")
    with pytest.raises(StorageError, match=r"jobs\.version"):
        open_database(url)
    assert migrate.current(url) is None


def test_tables_of_others_are_left_alone(url):
    run(url, "CREATE TABLE cats (name text)", "INSERT INTO cats VALUES ('Tom')")
    open_database(url).dispose()
    engine = create_engine(url)
    assert inspect(engine).has_table("cats")
    engine.dispose()


@pytest.mark.parametrize("asked", ["", "manual", "auto"])
def test_it_is_upgraded_when_that_is_asked_for(url, add_revision, tmp_path, asked):
    records = open_database(url)
    Keys(records).create("old", ["speak"])
    records.dispose()
    add_revision()
    settings = Settings(data=tmp_path, database_url=url, database_upgrade=asked)
    if asked == "auto":
        open_stores(settings, server_policy(settings)).close()
    else:
        with pytest.raises(StorageError, match="mynah db upgrade"):
            open_stores(settings, server_policy(settings))
        assert migrate.current(url) == NEWEST
        assert migrate.upgrade(url) is None
    assert migrate.check(url) == NEXT
    records = open_stores(settings).records
    assert [key.name for key in Keys(records).all()] == ["old"]
    records.dispose()


def test_of_many_that_start_at_once_one_upgrades(url, add_revision):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: open_database(url), range(4)))
        add_revision()
        list(pool.map(lambda _: migrate.upgrade(url), range(4)))
    assert migrate.check(url) == NEXT


def test_a_look_does_not_mix_what_was_before_and_after_an_upgrade(url, add_revision, monkeypatch):
    make_tables_from_before(url)
    add_revision()
    read, upgraded = migrate.read_columns, []

    def late(connection):
        if not upgraded:
            upgraded.append(True)
            migrate.upgrade(url)
        return read(connection)

    monkeypatch.setattr(migrate, "read_columns", late)
    assert migrate.upgrade(url) is None
    assert migrate.check(url) == NEXT


def test_an_upgrade_that_fails_changes_nothing(url, add_revision):
    open_database(url).dispose()
    add_revision(f"{CHANGES}\n    op.execute('no statement')")
    with pytest.raises(StorageError, match="no statement|syntax error"):
        migrate.upgrade(url)
    assert migrate.current(url) == NEWEST
    assert differences(url) == []


def test_a_database_of_a_newer_mynah_is_refused(url, add_revision, monkeypatch):
    known = revisions.MIGRATIONS
    add_revision()
    migrate.upgrade(url)
    monkeypatch.setattr(revisions, "MIGRATIONS", known)
    for policy in MigrationPolicy:
        with pytest.raises(StorageError, match=f"newer Mynah.*{NEXT}"):
            open_database(url, policy)
    assert migrate.current(url) == NEXT


def test_the_command_upgrades_it(url, tmp_path, monkeypatch):
    monkeypatch.setenv("MYNAH_DATABASE_URL", url)
    monkeypatch.setenv("MYNAH_DATA", str(tmp_path / "none"))
    code = "from mynah.cli import main; main()"
    for command in ("upgrade", "check"):
        run = [sys.executable, "-c", code, "db", command]
        ended = subprocess.run(run, capture_output=True, text=True, check=True)
        assert NEWEST in ended.stdout
    assert not (tmp_path / "none").exists()
