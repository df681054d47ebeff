"""Access to voices: a caller's own ones, and those that other owners share."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from sqlalchemy import RowMapping, Select, and_, exists, func, or_, select

from mynah.server.access.keys import Caller
from mynah.server.access.owner_names import EVERYBODY
from mynah.server.errors import AmbiguousVoiceError
from mynah.storage.tables import voice_shares, voices


class VoiceAccess(IntEnum):
    """Extent of a caller's access to a voice; a higher one includes those below it."""

    SPEAK = 1
    """Speak, and see the voice in lists."""
    MANAGE = 2
    """Read its recordings and consent; train, change, export and delete it."""
    OWN = 3
    """Share it, too."""


def visible_voices(caller: Caller) -> Select[Any]:
    """The voices that a caller can see.

    Rows have two columns beside those of the table: `share`, the id of the first share that lets
    the caller's owner see the voice, and `managed`, true if a share lets the owner manage it.
    """
    granted = voice_shares.c.owner.in_((caller.owner, EVERYBODY))
    theirs = and_(voice_shares.c.voice_id == voices.c.id, granted)
    share = select(func.min(voice_shares.c.id)).where(theirs).scalar_subquery()
    managed = exists().where(theirs, voice_shares.c.access == VoiceAccess.MANAGE.name.lower())
    query = select(voices, share.label("share"), managed.label("managed"))
    if caller.is_admin:
        return query
    shared = voices.c.id.in_(select(voice_shares.c.voice_id).where(granted))
    return query.where(or_(voices.c.owner == caller.owner, shared))


def access_to(row: RowMapping, caller: Caller) -> VoiceAccess:
    """A caller's access to the voice of a row of `visible_voices`."""
    if caller.is_admin or row["owner"] == caller.owner:
        return VoiceAccess.OWN
    return VoiceAccess.MANAGE if row["managed"] else VoiceAccess.SPEAK


def named_voice(rows: Sequence[RowMapping], name: str, caller: Caller) -> RowMapping | None:
    """The row that a caller means by an id or a name, of all visible rows that have it.

    An id goes before a name, and a caller's own voice before those of others. Of several shared
    voices the one that was shared first has the name, so that nobody can take it from one in use.

    Raises:
        AmbiguousVoiceError: the caller can see it by the scope `admin` alone, and several owners
            have such a voice.
    """
    own = [row for row in rows if row["owner"] == caller.owner]
    shared = sorted((row for row in rows if row["share"] is not None), key=lambda row: row["share"])
    by_id = [row for row in rows if row["id"] == name]
    if found := by_id or own or shared:
        return found[0]
    if len(rows) > 1:
        raise AmbiguousVoiceError(f"Several owners have a voice {name:.80}; use its id.")
    return rows[0] if rows else None
