"""The installed package has all data of the source tree."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_data_file_is_part_of_the_package():
    package = ROOT / "src" / "mynah"
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["mynah"]
    packed = {path for pattern in patterns for path in package.glob(pattern)}
    lying = {
        path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    compiled = {
        ROOT / each
        for part in settings["tool"]["setuptools"]["ext-modules"]
        for each in part["sources"]
    }
    left = {path for path in lying - packed - compiled if path.suffix not in {".py", ".so"}}
    assert not left


def test_every_folder_that_the_readme_names_is_there():
    readme = (ROOT / "README.md").read_text()
    named = [line.split("](", 1)[1].split(")")[0] for line in readme.splitlines() if "](" in line]
    local = [name for name in named if not name.startswith(("http", "#"))]
    assert len(local) > 10
    assert [name for name in local if not (ROOT / name.partition("#")[0]).exists()] == []
