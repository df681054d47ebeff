"""`mynah settings`, its page, and settings that do not exist."""

import os
from pathlib import Path

import pytest

from mynah.cli.settings import settings_page
from mynah.config import Settings, environment_name, read_settings
from mynah.errors import OptionError

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in os.environ:
        if name.startswith("MYNAH_"):
            monkeypatch.delenv(name)


def test_command_prints_the_page_in_docs(mynah):
    assert mynah("settings").out == PAGE.read_text(encoding="utf-8")


def test_every_setting_is_listed_once():
    page = settings_page()
    assert [
        page.count(f"| `{environment_name(setting)}` |") for setting in Settings.model_fields
    ] == [1] * len(Settings.model_fields)


def test_misspelt_setting_is_refused_with_the_one_that_was_meant(monkeypatch):
    monkeypatch.setenv("MYNAH_QUEUESIZE", "3")
    with pytest.raises(OptionError, match="MYNAH_QUEUE_SIZE"):
        read_settings()


def test_key_of_a_caller_is_not_a_setting(monkeypatch):
    monkeypatch.setenv("MYNAH_KEY", "mk_0123")
    assert read_settings() == Settings()


def test_child_reads_the_same_settings(monkeypatch):
    given = read_settings(port=0, upload_kinds=["flac"], cache_url="redis://host/1")
    for name, value in given.environment().items():
        if name.startswith("MYNAH_"):
            monkeypatch.setenv(name, value)
    assert read_settings() == given
