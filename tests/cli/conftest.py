import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mynah.cli import main


@dataclass(frozen=True)
class Run:
    """The outcome of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def mynah(monkeypatch, capfd) -> Callable[..., Run]:
    """Runs the command in this process; what C libraries print counts as well."""

    def run(*arguments: object, stdin: bytes = b"") -> Run:
        monkeypatch.setattr(sys, "argv", ["mynah", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        return Run(ended.value.code or 0, *capfd.readouterr())

    return run


@pytest.fixture
def refused(mynah) -> Callable[..., str]:
    """Runs a command that must fail with one line on stderr; gives the line."""

    def run(*arguments: object, stdin: bytes = b"") -> str:
        ended = mynah(*arguments, stdin=stdin)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("mynah: ")
        assert ended.err.count("\n") == 1
        assert ended.err.endswith("\n")
        return ended.err

    return run
