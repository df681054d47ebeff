"""Docstrings begin with a noun phrase or an imperative, not with a question word."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "tests", "benchmarks")
QUESTION_WORDS = {"What", "Whether", "Who", "Where", "How", "Has"}


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Lines and texts of strings that are statements: docstrings, those of attributes too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text


def test_no_docstring_begins_with_a_question_word():
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    assert paths
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text.strip().splitlines()[0]}"
        for path in paths
        for line, text in docstrings(path)
        if text.split() and text.split()[0].rstrip(",.:;") in QUESTION_WORDS
    ]
    assert found == []
