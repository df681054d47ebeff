"""Owners of keys and voices: their list, and handing keys and voices over."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import IntegrityError

from mynah.server.access.owner_names import check_owner
from mynah.server.errors import KeyNotFoundError, VoiceExistsError
from mynah.server.voices.store import VoiceRecord
from mynah.storage.tables import (
    answers,
    deliveries,
    jobs,
    keys,
    stored_audio,
    voice_shares,
    voices,
)

_MADE_BY_KEYS = (jobs, stored_audio, answers, deliveries)
"""Tables whose rows belong to the owner of the key in their column `caller`."""


@dataclass(frozen=True, slots=True)
class OwnerSummary:
    """An owner, and the numbers of its keys, revoked ones included, and of its voices."""

    name: str
    keys: int
    voices: int


class Owners:
    """The owners of a database: they are not made, but named by the keys and voices they have."""

    def __init__(self, records: Engine) -> None:
        self._records = records

    def all(self) -> list[OwnerSummary]:
        """All owners, by name."""
        with self._records.connect() as connection:
            key_owners = Counter(connection.scalars(select(keys.c.owner)))
            voice_owners = Counter(connection.scalars(select(voices.c.owner)))
        names = sorted({*key_owners, *voice_owners})
        return [OwnerSummary(name, key_owners[name], voice_owners[name]) for name in names]

    def hand_over_key(self, key_id: str, owner: str) -> None:
        """Give a key to an owner, with its jobs, stored audio, ratings and webhooks.

        Voices stay: nobody has written down which key made them.

        Raises:
            KeyNotFoundError: there is no such key.
            OptionError: there can be no such owner.
        """
        check_owner(owner)
        with self._records.begin() as connection:
            its = update(keys).where(keys.c.id == key_id)
            if not connection.execute(its.values(owner=owner)).rowcount:
                raise KeyNotFoundError(f"There is no key {key_id:.80}; `mynah keys list` has all.")
            for table in _MADE_BY_KEYS:
                made = update(table).where(table.c.caller == key_id)
                connection.execute(made.values(owner=owner))

    def hand_over_voice(self, voice: VoiceRecord, owner: str) -> None:
        """Give a voice to an owner; its other shares stay.

        Raises:
            VoiceExistsError: the owner has a voice of this name.
            OptionError: there can be no such owner.
        """
        check_owner(owner)
        own = voice_shares.c.voice_id == voice.id, voice_shares.c.owner == owner
        try:
            with self._records.begin() as connection:
                its = update(voices).where(voices.c.id == voice.id)
                connection.execute(its.values(owner=owner))
                connection.execute(delete(voice_shares).where(*own))
        except IntegrityError:
            raise VoiceExistsError(
                f"{owner:.80} has a voice {voice.name:.80} already; rename one of them first."
            ) from None
