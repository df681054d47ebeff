"""Subject of a measurement: an interpreter with Mynah, in an environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Subject:
    """A checkout, or other settings of this one.

    Attributes:
        name: in the report.
        python: its interpreter.
        environment: added to this process's.
    """

    name: str = "this checkout"
    python: str = sys.executable
    environment: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, words: str) -> Self:
        """Parse `--against`: `NAME=value` for the environment, and an interpreter's path."""
        parts = words.split()
        settings = [part.partition("=") for part in parts if "=" in part]
        pythons = [part for part in parts if "=" not in part]
        environment = tuple((name, value) for name, _, value in settings)
        return cls(words, pythons[-1] if pythons else sys.executable, environment)

    @property
    def whole_environment(self) -> Mapping[str, str]:
        """Of its processes."""
        return os.environ | dict(self.environment)
