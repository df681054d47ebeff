"""API calls without their transport: path, content and the reading of the response."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


Recording = str | Path | bytes
"""An audio file, by its path or as it is."""


FormFile = tuple[str, tuple[str, bytes]]
"""A field of a form, with the name and the content of its file."""


def files_of(recordings: Sequence[Recording]) -> list[FormFile]:
    """The form fields of recordings; messages name them by their files."""
    return [file_of("recordings", each, f"recording {at}") for at, each in enumerate(recordings, 1)]


def file_of(field: str, file: Recording, name: str) -> FormFile:
    """The form field of a file; `name` is for one that is bytes."""
    if isinstance(file, bytes):
        return field, (name, file)
    return field, (Path(file).name, Path(file).read_bytes())


Result = TypeVar("Result")
Value = TypeVar("Value", bound="DataclassInstance")
PAGE = 100


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    """An API call; `path` is below `/v1/`, `read` converts the response's JSON to the result."""

    method: str
    path: str
    read: Callable[[Any], Result]
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page(Generic[Result]):
    """One page of a list; `last` is the cursor of the next."""

    items: Sequence[Result]
    more: bool
    last: str


def page_call(path: str, after: str, read: Callable[[Any], Result]) -> Call[Page[Result]]:
    """A call for the page of a list after the cursor `after`."""

    def read_page(body: Any) -> Page[Result]:  # noqa: ANN401 - JSON
        return Page([read(each) for each in body["data"]], body["has_more"], body["last_id"] or "")

    return Call("GET", path, read_page, {"params": {"limit": PAGE, "after": after}})


def value_of(kind: type[Value], body: Mapping[str, Any], **read: object) -> Value:
    """Build a dataclass from the fields of a JSON object, and from those that are read already."""
    names = {each.name for each in fields(kind)} - read.keys()
    return kind(**{name: body[name] for name in names}, **read)


def path_of(*names: str) -> str:
    """A URL path whose parts may hold any character."""
    return "/".join(quote(name, safe="") for name in names)
