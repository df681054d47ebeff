"""`mynah settings`: the page of all settings, which `docs/settings.md` holds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic.fields import FieldInfo

from mynah.config import SettingsGroup, environment_name, settings_groups

_UNITS = {"seconds": "s", "pause": "s", "bytes": "bytes", "days": "days", "port": "port"}
_HEAD = """# Settings

Every setting is an environment variable. Lists and tables are written as JSON, such as `["a", "b"]`
and `{"a": "b"}`, and yes and no as `true` and `false`. A variable that begins with `MYNAH_` and is
not listed here is refused, except `MYNAH_KEY`, the key of `mynah.Client`. `mynah settings` prints
this page.
"""


def settings_page() -> str:
    """The page, in Markdown: a table for each group."""
    return "\n".join([_HEAD, *map(_table, settings_groups())])


def _table(group: type[SettingsGroup]) -> str:
    rows = "\n".join(_row(name, field) for name, field in group.model_fields.items())
    return (
        f"## {group.title}\n\n{group.__doc__}\n\n"
        f"| name | default | unit or values | meaning |\n|---|---|---|---|\n{rows}\n"
    )


def _row(name: str, field: FieldInfo) -> str:
    meaning = " ".join((field.description or "").split())
    return f"| `{environment_name(name)}` | {_default(field)} | {_unit(name, field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value in (None, ""):
        return ""
    if isinstance(value, Path):
        return f"`~/{value.relative_to(Path.home())}`"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _unit(name: str, field: FieldInfo) -> str:
    choices = list(_literals(field.annotation))
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    return _UNITS.get(name.rpartition("_")[2], "")


def _literals(annotation: object) -> Iterator[str]:
    """The strings that a `Literal` allows, in a list or a union, too."""
    for part in get_args(annotation):
        if isinstance(part, str):
            if part:
                yield part
        else:
            yield from _literals(part)
