"""Unknown fields of requests: ignored and named, but for those that are probably misspelt."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from pydantic import AliasChoices, BaseModel

from mynah.server.errors import RequestError

MISSPELT = 0.8
"""Similarity of a field's name to one of ours from which on it is a misspelling."""
_MOST_COMPARED = 100
"""Unknown fields whose names are compared, and the characters of one: comparing takes long."""


def ignored_fields(given: BaseModel) -> Sequence[str]:
    """Names of a request's fields that its model does not have.

    Raises:
        RequestError: one is nearly the name of a field that was not given.
    """
    names = [*(given.model_extra or {})]
    known = [*_names(given)]
    for name in names[:_MOST_COMPARED]:
        if len(name) > _MOST_COMPARED:
            continue
        meant = get_close_matches(name, known, 1, MISSPELT)
        if meant:
            raise RequestError(f"There is no {name:.80}; did you mean {meant[0]}?", name[:80])
    return names


def _names(given: BaseModel) -> Iterator[str]:
    """The names that fields may have which were not given."""
    for name, field in type(given).model_fields.items():
        if name not in given.model_fields_set:
            alias = field.validation_alias
            yield from map(str, alias.choices) if isinstance(alias, AliasChoices) else [name]
