"""Sharing of voices with other owners, or with everybody."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    delete,
    exists,
    insert,
    select,
    true,
    update,
)

from mynah.errors import OptionError
from mynah.jobs.job import UNDER_WAY
from mynah.server.access.owner_names import EVERYBODY, check_owner
from mynah.server.errors import ShareNotFoundError
from mynah.server.voices.access import VoiceAccess
from mynah.server.voices.row_lock import hold_voice
from mynah.server.voices.store import VoiceRecord
from mynah.storage.database import now
from mynah.storage.tables import jobs, voice_shares, voices


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a voice: with an owner or `EVERYBODY`, to `SPEAK` or to `MANAGE`."""

    owner: str
    access: VoiceAccess


class Sharing:
    """The shares of a database's voices."""

    def __init__(self, records: Engine) -> None:
        self._records = records

    def of(self, voice_ids: Collection[str]) -> Mapping[str, Sequence[Share]]:
        """The shares of voices by their ids, the oldest first."""
        query = select(voice_shares).where(voice_shares.c.voice_id.in_(voice_ids))
        found = defaultdict[str, list[Share]](list)
        with self._records.connect() as connection:
            for row in connection.execute(query.order_by(voice_shares.c.id)).mappings():
                found[row["voice_id"]].append(
                    Share(row["owner"], VoiceAccess[row["access"].upper()])
                )
        return found

    def share(self, voice: VoiceRecord, owner: str, access: VoiceAccess) -> None:
        """Share a voice, in place of an earlier share with the same owner.

        Raises:
            OptionError: there can be no such owner, or the voice is this one's.
            VoiceNotFoundError: the voice was deleted meanwhile.
        """
        if owner != EVERYBODY:
            check_owner(owner)
        if owner == voice.owner:
            raise OptionError(f"The voice is {owner:.80}'s already; name another, or * for all.")
        its = {"access": access.name.lower()}
        row = {"voice_id": voice.id, "owner": owner, "created_at": now()} | its
        with self._records.begin() as connection:
            hold_voice(connection, voice.id)
            # Not anew: of two voices of one name, the one that was shared first has the name.
            changing = update(voice_shares).where(_with(voice.id, owner)).values(its)
            if not connection.execute(changing).rowcount:
                connection.execute(insert(voice_shares).values(row))
            _cancel_unentitled(connection, voice.id, owner)

    def withdraw(self, voice_id: str, owner: str) -> None:
        """End a share; trainings of the voice that it allowed are cancelled.

        Raises:
            ShareNotFoundError: there is no such share.
        """
        with self._records.begin() as connection:
            if not connection.execute(delete(voice_shares).where(_with(voice_id, owner))).rowcount:
                raise ShareNotFoundError(
                    f"It is not shared with {owner:.80}; GET /v1/voices/{{id}} has its shares."
                )
            _cancel_unentitled(connection, voice_id, owner)


def _with(voice_id: str, owner: str) -> ColumnElement[bool]:
    return (voice_shares.c.voice_id == voice_id) & (voice_shares.c.owner == owner)


def _cancel_unentitled(connection: Connection, voice_id: str, owner: str) -> None:
    """Cancel jobs on a voice whose owners may no longer manage it."""
    still = exists().where(
        voice_shares.c.voice_id == voice_id,
        voice_shares.c.owner.in_((jobs.c.owner, EVERYBODY)),
        voice_shares.c.access == VoiceAccess.MANAGE.name.lower(),
    )
    own = exists().where(voices.c.id == voice_id, voices.c.owner == jobs.c.owner)
    theirs = true() if owner == EVERYBODY else jobs.c.owner == owner
    lost = jobs.c.voice_id == voice_id, jobs.c.state.in_(UNDER_WAY), theirs, ~own, ~still
    connection.execute(update(jobs).where(*lost).values(cancelling=True))
