"""A Python environment for a peer, apart from Mynah's, made once."""

import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

ENVIRONMENTS = Path.home() / ".cache" / "mynah-peers"


def python_with(name: str, *packages: Sequence[str]) -> Path:
    """The interpreter of an environment that has some packages.

    Args:
        name: of the environment.
        packages: arguments of `pip install`, one call each.

    Raises:
        subprocess.CalledProcessError: one of them cannot be installed.
    """
    folder = ENVIRONMENTS / name
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        venv.create(folder, clear=True, with_pip=True)
        for arguments in packages:
            subprocess.run([python, "-m", "pip", "install", "--quiet", *arguments], check=True)
        complete.touch()
    return python
