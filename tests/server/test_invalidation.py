"""Cached reads of the database are invalidated by changes."""

import subprocess
import sys
import time

import pytest
from sqlalchemy import create_engine, text, update

from mynah.errors import VoiceNotFoundError
from mynah.server.access.keys import Keys
from mynah.storage.database import open_database
from mynah.storage.invalidation import STALE_SECONDS, CachedReads, watch_changes
from mynah.storage.tables import keys, metadata


@pytest.fixture
def file(tmp_path):
    return tmp_path / "records.db"


@pytest.fixture
def records(file):
    engine = open_database(f"sqlite:///{file}")
    yield engine
    engine.dispose()


@pytest.fixture
def changes(records):
    changes = watch_changes(records)
    yield changes
    changes.close()


def name_of_first(engine):
    with engine.connect() as connection:
        return connection.scalar(text("SELECT name FROM keys"))


def test_a_value_is_read_once_while_nothing_changes(records, changes):
    Keys(records).create("first", ["speak"])
    remembered, read = CachedReads(changes), []
    for _ in range(3):
        assert remembered.get("a", lambda: read.append(1) or "value") == "value"
    assert remembered.known("a") == "value"
    assert remembered.known("b") is None
    assert read == [1]


def test_own_changes_are_seen_at_once(records, changes):
    remembered = CachedReads(changes)
    for name in ("first", "second"):
        with records.begin() as connection:
            connection.execute(keys.delete())
        Keys(records).create(name, ["speak"])
        assert remembered.get("a", lambda: name_of_first(records)) == name


def test_changes_of_another_process_are_seen_at_once(records, changes, file):
    Keys(records).create("first", ["speak"])
    remembered = CachedReads(changes)
    assert remembered.get("a", lambda: name_of_first(records)) == "first"
    change = (
        "import sqlite3, sys; records = sqlite3.connect(sys.argv[1]); "
        "records.execute('UPDATE keys SET name = \"second\"'); records.commit()"
    )
    subprocess.run([sys.executable, "-c", change, file], check=True)
    assert remembered.known("a") is None
    assert remembered.get("a", lambda: name_of_first(records)) == "second"


def test_a_change_while_a_value_is_read_has_it_read_again(records, changes):
    Keys(records).create("first", ["speak"])
    remembered = CachedReads(changes)

    def read():
        name = name_of_first(records)
        with records.begin() as connection:
            connection.execute(update(keys).values(name="second"))
        return name

    assert remembered.get("a", read) == "first"
    assert remembered.get("a", lambda: name_of_first(records)) == "second"


def test_what_could_not_be_read_is_not_remembered(changes):
    remembered = CachedReads(changes)
    with pytest.raises(VoiceNotFoundError):
        remembered.get("a", fail)
    assert remembered.get("a", lambda: "value") == "value"


def fail():
    raise VoiceNotFoundError("none")


def test_other_databases_are_read_again_after_a_while(monkeypatch):
    engine = create_engine("sqlite://")  # it has no file, as a server's database has none
    metadata.create_all(engine)
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    remembered = CachedReads(watch_changes(engine))
    assert remembered.get("a", lambda: "old") == "old"
    clock[0] += STALE_SECONDS / 2
    assert remembered.known("a") == "old"
    clock[0] += STALE_SECONDS
    assert remembered.known("a") is None


def test_other_databases_show_own_changes_at_once(monkeypatch):
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    remembered = CachedReads(watch_changes(engine))
    remembered.get("a", lambda: "old")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert remembered.known("a") == "old"
    Keys(engine).create("first", ["speak"])
    assert remembered.known("a") is None
