"""Tables and columns of a database, to tell one of Mynah's from any other."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.types import TypeEngine

VERSION_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class Schema:
    """A database's own account of its schema.

    Attributes:
        revision: the one it is stamped with; None if there is none.
        tables: names of all its other tables.
    """

    revision: str | None
    tables: frozenset[str]


@dataclass(frozen=True, slots=True, order=True)
class ColumnLayout:
    """A column of a table; its type is that of its values in Python, which databases share."""

    table: str
    name: str
    type: str
    nullable: bool


def read_schema(connection: Connection) -> Schema:
    """The schema's revision and the names of its tables."""
    tables = frozenset(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        return Schema(None, tables)
    stamped = sorted(connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}")))
    return Schema(" and ".join(stamped) or None, tables - {VERSION_TABLE})


def read_columns(connection: Connection) -> frozenset[ColumnLayout]:
    """Every column of every table but Alembic's own."""
    return frozenset(
        ColumnLayout(name, each["name"], _type_name(each["type"]), bool(each["nullable"]))
        for (_, name), columns in inspect(connection).get_multi_columns().items()
        if name != VERSION_TABLE
        for each in columns
    )


def _type_name(kind: TypeEngine[Any]) -> str:
    try:
        return kind.python_type.__name__
    except NotImplementedError:  # a type of the database's own
        return "unknown"
