"""Speech that callers asked to be kept, behind signed links that expire."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, delete, func, insert, literal, select

from mynah.server.access.keys import Caller
from mynah.server.access.ownership import owned_by
from mynah.server.errors import AudioNotFoundError, LinkError, LinkExpiredError, QuotaError
from mynah.storage.blobs import Blob, BlobStore
from mynah.storage.database import now
from mynah.storage.tables import stored_audio


@dataclass(frozen=True, slots=True)
class StoredAudio:
    """Audio that is kept.

    Attributes:
        caller: id of the key that it was made with, whose quota it counts for.
        media_type: as in `Content-Type`.
        bytes: size.
        secret: signs its links; deleted with it.
        created_at: seconds since 1970.
        expires_at: seconds since 1970.
        owner: of the key, and of the audio.
    """

    id: str
    caller: str
    media_type: str
    bytes: int
    secret: str
    created_at: int
    expires_at: int
    owner: str

    @property
    def signature(self) -> str:
        """Signature in links to it."""
        signed = f"{self.id}.{self.expires_at}"
        return hmac.new(self.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()


class AudioStore:
    """Keeps speech for a time, up to a quota for each caller.

    Args:
        records: the database.
        storage: of the files.
        seconds: time to live.
        quota: most bytes of a caller at a time.
    """

    def __init__(self, records: Engine, storage: BlobStore, seconds: int, quota: int) -> None:
        self._records = records
        self._storage = storage
        self._seconds = seconds
        self._quota = quota

    def check_room(self, caller: Caller) -> None:
        """Check before anything is synthesised that the quota has any room.

        Raises:
            QuotaError: there is none; it says when there will be.
        """
        query = select(_used_by(caller), func.min(stored_audio.c.expires_at)).where(
            _made_by(caller)
        )
        with self._records.connect() as connection:
            used, first_end = connection.execute(query).one()
        if used >= self._quota:
            raise QuotaError(
                f"Kept audio fills its {self._quota} bytes; delete some, or wait until it expires.",
                max(1, first_end - now()),
            )

    def keep(self, audio_id: str, caller: Caller, data: bytes, media_type: str) -> StoredAudio:
        """Store audio.

        Args:
            audio_id: of its stream.
            caller: with whose key it was made.
            data: of its file.
            media_type: as in `Content-Type`.

        Raises:
            QuotaError: there is no room for it.
        """
        kept = StoredAudio(
            audio_id, caller.id, media_type, len(data), secrets.token_hex(32),
            now(), now() + self._seconds, caller.owner,
        )  # fmt: skip
        row = {column.name: getattr(kept, column.name) for column in stored_audio.columns}
        # One statement, so that two calls at a time cannot both take the last room.
        fits = select(*map(literal, row.values())).where(
            _used_by(caller) + len(data) <= self._quota
        )
        self._storage.put(_key_of(kept.id), data)
        with self._records.begin() as connection:
            inserted = connection.execute(insert(stored_audio).from_select([*row], fits)).rowcount
        if not inserted:
            self._storage.delete(_key_of(kept.id))
            raise QuotaError(
                f"These {len(data)} bytes do not fit into the {self._quota} that a key may keep; "
                "delete some, or wait until they expire.",
                self._seconds,
            )
        return kept

    def read(self, audio_id: str, expires_at: int, signature: str) -> tuple[StoredAudio, Blob]:
        """The audio of a link.

        Raises:
            AudioNotFoundError: nothing is kept under this id.
            LinkError: the link was not made here.
            LinkExpiredError: its time is over.
        """
        kept = self._get(stored_audio.c.id == audio_id)
        genuine = hmac.compare_digest(kept.signature.encode(), signature.encode())
        if not genuine or expires_at != kept.expires_at:
            raise LinkError("The link is not as it was given; use the whole URL unchanged.")
        if kept.expires_at <= now():
            raise LinkExpiredError("The link has expired; have the text spoken again.")
        try:
            return kept, self._storage.open(_key_of(audio_id))
        except FileNotFoundError:
            raise _missing() from None

    def delete(self, caller: Caller, audio_id: str) -> None:
        """Delete audio of a caller's owner.

        Raises:
            AudioNotFoundError: the owner has none of this id.
        """
        its = (stored_audio.c.id == audio_id) & owned_by(stored_audio, caller)
        self._forget(self._get(its).id)

    def purge(self) -> None:
        """Delete everything that has expired."""
        query = select(stored_audio.c.id).where(stored_audio.c.expires_at <= now())
        with self._records.connect() as connection:
            expired = connection.scalars(query).all()
        for audio_id in expired:
            self._forget(audio_id)

    def _get(self, which: ColumnElement[bool]) -> StoredAudio:
        with self._records.connect() as connection:
            found = connection.execute(select(stored_audio).where(which)).mappings().first()
        if found is None:
            raise _missing()
        return StoredAudio(**found)

    def _forget(self, audio_id: str) -> None:
        # The file first: a row without one is deleted the next time, a file without one never.
        self._storage.delete(_key_of(audio_id))
        with self._records.begin() as connection:
            connection.execute(delete(stored_audio).where(stored_audio.c.id == audio_id))


def _made_by(caller: Caller) -> ColumnElement[bool]:
    return stored_audio.c.caller == caller.id


def _used_by(caller: Caller) -> ColumnElement[int]:
    used = func.coalesce(func.sum(stored_audio.c.bytes), 0)
    return select(used).where(_made_by(caller)).scalar_subquery()


def _key_of(audio_id: str) -> str:
    return f"stored/{audio_id}"


def _missing() -> AudioNotFoundError:
    return AudioNotFoundError("No such audio is kept; it may have expired or been deleted.")
