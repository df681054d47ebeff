"""Docstrings begin with a noun phrase or an imperative, not with a question word."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXCEPTIONS = Path(__file__).parent / "data" / "docstrings.txt"
"""Unfinished rooms with the most such docstrings that they may have; the list may only shrink."""

QUESTION_WORDS = {"What", "Whether", "Who", "Where", "How", "Has"}


def rooms() -> Iterator[tuple[str, Path]]:
    """Source files with their rooms; `server`, `tests` and `benchmarks` have rooms inside."""
    for folder, prefix in (("src/mynah", ""), ("tests", "tests/"), ("benchmarks", "benchmarks/")):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            depth = 2 if parts[0] == "server" and not prefix else 1
            yield prefix + "/".join(parts[:depth]), path


def docstrings(path: Path) -> Iterator[str]:
    """Strings that stand alone as statements: docstrings, those of attributes too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text


def test_no_docstring_begins_with_a_question_word_but_in_rooms_that_are_not_finished_yet():
    counts = Counter(
        room
        for room, path in rooms()
        for text in docstrings(path)
        if text.split() and text.split()[0].rstrip(",.:;") in QUESTION_WORDS
    )
    lines = EXCEPTIONS.read_text("utf-8").splitlines()
    allowed = {room: int(most) for room, most in map(str.split, lines)}
    assert {room: count for room, count in counts.items() if count > allowed.get(room, 0)} == {}
    assert [room for room in allowed if room not in counts] == []
