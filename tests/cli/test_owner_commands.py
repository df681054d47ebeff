"""`mynah owners`, and keys with owners."""

import pytest


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MYNAH_DATA", str(tmp_path / "data"))


def test_keys_and_owners_are_listed(mynah, refused):
    assert mynah("keys", "create", "one").code == 0
    made = mynah("keys", "create", "two", "--owner", "school-a")
    rows = [line.split("\t") for line in mynah("keys", "list").out.splitlines()]
    assert [(row[1], row[-1]) for row in rows] == [("one", "default"), ("two", "school-a")]
    assert rows[1][0] in made.err
    assert mynah("owners", "list").out.splitlines() == ["default\t1\t0", "school-a\t1\t0"]
    handed = mynah("owners", "hand-over", rows[0][0], "--to", "school-a")
    assert (handed.code, handed.out) == (0, f"{rows[0][0]} belongs to school-a\n")
    assert mynah("owners", "list").out.splitlines() == ["school-a\t2\t0"]
    assert "cannot be the name of an owner" in refused("keys", "create", "x", "--owner", "a b")
    assert "no voice" in refused("owners", "share", "ann", "--with", "school-b")
    assert "no key" in refused("owners", "hand-over", "key_0", "--to", "school-b")
