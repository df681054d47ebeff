"""API keys and their scopes."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, RowMapping, Select, insert, select, update

from mynah.errors import OptionError
from mynah.server.access.owner_names import DEFAULT_OWNER, check_owner
from mynah.server.errors import AuthenticationError, KeyNotFoundError, ScopeError
from mynah.storage.database import new_id, now
from mynah.storage.tables import keys

SCOPES = ("speak", "train", "admin")
"""`speak`: synthesis and reading; `train`: creating and changing voices; `admin`: everything."""
_PREFIX = "mynah_"
_REMEDY = (
    "make one with `mynah keys create` and send it as `Authorization: Bearer <key>`, "
    "or to the paths of ElevenLabs as `xi-api-key: <key>`"
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is listed, with times in seconds since 1970; the secret is never stored."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    owner: str

    def caller(self) -> "Caller":
        """The caller of a valid key.

        Raises:
            AuthenticationError: it has expired or was revoked.
        """
        if self.revoked_at is not None:
            raise AuthenticationError(f"The API key was revoked; {_REMEDY}.")
        if self.expires_at is not None and self.expires_at <= now():
            raise AuthenticationError(f"The API key has expired; {_REMEDY}.")
        return Caller(self.id, self.scopes, self.owner)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller.

    Attributes:
        id: of the key; limits, fair queueing and logs go by it.
        scopes: of the key.
        owner: of the key, and of all that the caller makes.
    """

    id: str
    scopes: tuple[str, ...]
    owner: str = DEFAULT_OWNER

    @property
    def is_admin(self) -> bool:
        """True if the caller may do everything, with the property of every owner."""
        return "admin" in self.scopes

    def require(self, scope: str) -> None:
        """Refuse a caller without a scope.

        Raises:
            ScopeError: naming it.
        """
        if scope not in self.scopes and not self.is_admin:
            raise ScopeError(f"This key may not {scope}; use one with the scope {scope}.")


ANYONE = Caller("anyone", SCOPES)
"""The caller of all requests to a server without keys."""
OPERATOR = Caller("operator", ("admin",))
"""The caller of commands: whoever may read the data folder sees what belongs to any owner."""


class Keys:
    """The keys of a database."""

    def __init__(self, records: Engine) -> None:
        self._records = records

    def create(
        self,
        name: str,
        scopes: Sequence[str],
        days: float | None = None,
        owner: str = DEFAULT_OWNER,
    ) -> tuple[Key, str]:
        """Create a key.

        Args:
            name: of the key alone, for lists.
            scopes: some of `SCOPES`.
            days: until it expires; None never.
            owner: of the key, and of all that is made with it.

        Returns:
            The key, and its secret, which is not stored.

        Raises:
            OptionError: a scope is unknown, or there is none, it would expire at once, or there can
                be no such owner.
        """
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            wrong = f"unknown scope {unknown[0]}" if unknown else "a key needs a scope"
            raise OptionError(f"{wrong}; the scopes are {', '.join(SCOPES)}.")
        if days is not None and days <= 0:
            raise OptionError(f"A key cannot expire in {days:g} days; give a number above 0.")
        check_owner(owner)
        secret = _PREFIX + secrets.token_urlsafe(32)
        expires_at = None if days is None else now() + int(days * 86_400)
        key = Key(new_id("key"), name, tuple(dict.fromkeys(scopes)), now(), expires_at, None, owner)
        row = {name: getattr(key, name) for name in Key.__slots__}
        with self._records.begin() as connection:
            connection.execute(
                insert(keys).values(row | {"scopes": list(key.scopes), "hash": hash_of(secret)})
            )
        return key, secret

    def all(self) -> list[Key]:
        """Every key, the oldest first."""
        with self._records.connect() as connection:
            return [
                _key(row) for row in connection.execute(_listed().order_by(keys.c.id)).mappings()
            ]

    def of(self, ids: Collection[str]) -> list[Key]:
        """The keys of some ids, valid or not; ids that are of no key are passed over."""
        query = _listed().where(keys.c.id.in_(ids))
        with self._records.connect() as connection:
            return [_key(row) for row in connection.execute(query).mappings()]

    def revoke(self, key_id: str) -> Key:
        """Revoke a key from its next use on; a second time changes nothing.

        Raises:
            KeyNotFoundError: there is no such key.
        """
        with self._records.begin() as connection:
            found = connection.execute(_listed().where(keys.c.id == key_id)).mappings().first()
            if found is None:
                raise KeyNotFoundError(f"There is no key {key_id:.80}; `mynah keys list` has all.")
            revoked_at = found["revoked_at"] or now()
            connection.execute(
                update(keys).where(keys.c.id == key_id).values(revoked_at=revoked_at)
            )
        return _key({**found, "revoked_at": revoked_at})

    def find(self, secret: str | None) -> Key:
        """The key of a secret, valid or not.

        Raises:
            AuthenticationError: there is none.
        """
        if not secret:
            raise AuthenticationError(f"There is no API key; {_REMEDY}.")
        query = _listed().where(keys.c.hash == hash_of(secret))
        with self._records.connect() as connection:
            found = connection.execute(query).mappings().first()
        if found is None:
            raise AuthenticationError(f"The API key is not known; {_REMEDY}.")
        return _key(found)


def _listed() -> Select[Any]:
    return select(*(keys.c[name] for name in Key.__slots__))


def _key(row: RowMapping | dict[str, Any]) -> Key:
    return Key(**{**row, "scopes": tuple(row["scopes"])})


def hash_of(secret: str) -> str:
    """The stored hash of a secret."""
    # 256 random bits need no salt and no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()
