"""A call of the API apart from who makes it: its path, content and the meaning of its answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


Recording = str | Path | bytes
"""An audio file, by its path or as it is."""


def files_of(recordings: Sequence[Recording]) -> list[tuple[str, bytes]]:
    """The fields of a form."""
    return [
        ("recordings", each if isinstance(each, bytes) else Path(each).read_bytes())
        for each in recordings
    ]


Result = TypeVar("Result")
Value = TypeVar("Value", bound="DataclassInstance")
PAGE = 100


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    """A call.

    Attributes:
        method: of HTTP.
        path: below `/v1/`.
        read: makes the result of the answer's JSON.
        request: what it carries, as httpx names it.
    """

    method: str
    path: str
    read: Callable[[Any], Result]
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page(Generic[Result]):
    """Some items of a list; if there are more they come after `last`."""

    items: Sequence[Result]
    more: bool
    last: str


def page_call(path: str, after: str, read: Callable[[Any], Result]) -> Call[Page[Result]]:
    """The items of a list after one."""

    def read_page(body: Any) -> Page[Result]:  # noqa: ANN401 - JSON
        return Page([read(each) for each in body["data"]], body["has_more"], body["last_id"] or "")

    return Call("GET", path, read_page, {"params": {"limit": PAGE, "after": after}})


def value_of(kind: type[Value], body: Mapping[str, Any], **read: object) -> Value:
    """A value whose fields a body has, among others.

    Args:
        kind: of value.
        body: as JSON has it.
        read: fields that are not as in JSON.
    """
    names = {each.name for each in fields(kind)} - read.keys()
    return kind(**{name: body[name] for name in names}, **read)


def path_of(*names: str) -> str:
    """A path whose parts may have any character."""
    return "/".join(quote(name, safe="") for name in names)
