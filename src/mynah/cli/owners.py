"""`mynah owners`."""

from collections.abc import Iterator, Sequence
from contextlib import closing

from mynah.cli.output import one_line
from mynah.config import Settings
from mynah.server.access.keys import OPERATOR
from mynah.server.stores import open_stores
from mynah.server.voices.access import VoiceAccess
from mynah.server.voices.sharing import Share

_KEY = "key_"


def owner_rows(settings: Settings) -> Iterator[tuple[str, ...]]:
    """Each owner's name, number of keys and number of voices."""
    with closing(open_stores(settings)) as stores:
        for owner in stores.owners.all():
            yield owner.name, str(owner.keys), str(owner.voices)


def voice_rows(settings: Settings) -> Iterator[tuple[str, ...]]:
    """Each voice's id, name, owner and shares."""
    with closing(open_stores(settings)) as stores:
        voices = [voice for voice in stores.voices.all(OPERATOR) if not voice.built_in]
        shares = stores.sharing.of([voice.id for voice in voices])
        for voice in voices:
            shared = ", ".join(map(_written, shares.get(voice.id, ())))
            yield voice.id, one_line(voice.name), voice.owner or "", shared


def hand_over(settings: Settings, what: Sequence[str], owner: str) -> Iterator[str]:
    """Give keys and voices to an owner, and yield a line for each.

    Raises:
        MynahError: there is no such key or voice, or it cannot be given.
    """
    with closing(open_stores(settings)) as stores:
        for each in what:
            if each.startswith(_KEY):
                stores.owners.hand_over_key(each, owner)
            else:
                stores.owners.hand_over_voice(stores.voices.owned(OPERATOR, each), owner)
            yield f"{one_line(each)} belongs to {owner}"


def share(settings: Settings, name: str, owner: str, *, manage: bool) -> str:
    """Share a voice, and return the line that says so.

    Raises:
        MynahError: there is no such voice, or there can be no such owner.
    """
    with closing(open_stores(settings)) as stores:
        voice = stores.voices.owned(OPERATOR, name)
        access = VoiceAccess.MANAGE if manage else VoiceAccess.SPEAK
        stores.sharing.share(voice, owner, access)
    return f"{one_line(voice.name)} is shared with {_written(Share(owner, access))}"


def unshare(settings: Settings, name: str, owner: str) -> str:
    """End a share, and return the line that says so.

    Raises:
        MynahError: there is no such voice or share.
    """
    with closing(open_stores(settings)) as stores:
        voice = stores.voices.owned(OPERATOR, name)
        stores.sharing.withdraw(voice.id, owner)
    return f"{one_line(voice.name)} is no longer shared with {one_line(owner)}"


def _written(share: Share) -> str:
    return f"{share.owner} to {share.access.name.lower()}"
