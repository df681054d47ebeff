"""Programs of `requirements.txt`, which are beside the interpreter, or of the system."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def program(name: str, package: str) -> str:
    beside = Path(sys.executable).parent
    found = shutil.which(name, path=os.pathsep.join([str(beside), os.environ["PATH"]]))
    if found is None:
        pytest.skip(f"{name} is not installed: pip install {package}")
    return found
