"""Rules for docstrings, beside those of the linter."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "tests", "benchmarks", "recipes")
QUESTION_WORDS = {"What", "Whether", "Who", "Where", "How", "Has"}


def parsed(folder: str) -> Iterator[tuple[Path, ast.Module]]:
    """Source files that are written by hand."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "_pb2" not in path.name:
            yield path.relative_to(ROOT), ast.parse(path.read_text("utf-8"))


def docstrings(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Lines and texts of strings that are statements: docstrings, those of attributes too."""
    for node in ast.walk(module):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text


def methods(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Public methods of public classes."""
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            found = (each for each in node.body if isinstance(each, functions))
            yield from (each for each in found if not each.name.startswith("_"))


def test_no_docstring_begins_with_a_question_word():
    found = [
        f"{path}:{line}: {text.strip().splitlines()[0]}"
        for folder in FOLDERS
        for path, module in parsed(folder)
        for line, text in docstrings(module)
        if text.split() and text.split()[0].rstrip(",.:;") in QUESTION_WORDS
    ]
    assert found == []


def test_a_method_without_a_docstring_implements_one_that_has_it():
    found = [(path, each) for path, module in parsed("src") for each in methods(module)]
    documented = {each.name for _, each in found if ast.get_docstring(each)}
    assert [f"{path}:{each.lineno}" for path, each in found if each.name not in documented] == []
