"""`mynah keys`."""

from collections.abc import Iterator
from datetime import UTC, datetime

from mynah.config import read_settings
from mynah.server.access.keys import Key, Keys
from mynah.server.stores import open_stores


def open_keys() -> Keys:
    """The keys of the server with the same settings."""
    return open_stores(read_settings()).keys


def rows(keys: Keys) -> Iterator[tuple[str, ...]]:
    """Each key's id, name, scopes, day of creation, state and owner."""
    for key in keys.all():
        scopes, day = ",".join(key.scopes), _day(key.created_at)
        yield key.id, key.name, scopes, day, _state(key), key.owner


def _state(key: Key) -> str:
    if key.revoked_at is not None:
        return f"revoked {_day(key.revoked_at)}"
    if key.expires_at is None:
        return "valid"
    expired = key.expires_at <= datetime.now(UTC).timestamp()
    return f"{'expired' if expired else 'valid until'} {_day(key.expires_at)}"


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
