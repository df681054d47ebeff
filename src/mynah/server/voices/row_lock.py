"""The lock of a voice's row, so that changes of what depends on it follow each other."""

from sqlalchemy import Connection, update

from mynah.errors import VoiceNotFoundError
from mynah.storage.tables import voices


def hold_voice(connection: Connection, voice_id: str) -> None:
    """Lock a voice's row until the transaction ends.

    Raises:
        VoiceNotFoundError: there is no such voice.
    """
    # A write takes the row's lock in either database; a read would in only one of them.
    holding = update(voices).where(voices.c.id == voice_id).values(id=voices.c.id)
    if not connection.execute(holding).rowcount:
        raise VoiceNotFoundError("The voice was deleted; make another.")
