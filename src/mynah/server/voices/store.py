"""Storage of voices: creation from recordings, listing, changes and deletion."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import StringConstraints
from sqlalchemy import Connection, Engine, RowMapping, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from mynah.errors import VoiceNotFoundError
from mynah.server.access.idempotency import reserved_id
from mynah.server.access.keys import OPERATOR, Caller
from mynah.server.errors import BuiltInVoiceError, VoiceAccessError, VoiceExistsError
from mynah.server.voices.access import VoiceAccess, access_to, named_voice, visible_voices
from mynah.server.voices.recordings import (
    StoredRecording,
    forget_recordings,
    insert_recordings,
    keep_recordings,
    recording_key,
    recordings_of,
)
from mynah.storage.blobs import Blob, BlobStore, WeightStore
from mynah.storage.database import new_id, now
from mynah.storage.tables import jobs, recordings, voices
from mynah.voice.samples import Sample, samples

if TYPE_CHECKING:
    from mynah.server.voices.uploads import (
        CheckedRecording,  # it decodes, for which soundfile is loaded
    )

FIRST_VERSION = "1"

VoiceName = Annotated[
    str,
    # A name stands in logs, lists and file names, so it has no control characters; and it stands
    # in paths, so it has no slash and something besides dots.
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=100,
        pattern=r"^[^/\x00-\x1f\x7f-\x9f]*[^./\x00-\x1f\x7f-\x9f][^/\x00-\x1f\x7f-\x9f]*$",
    ),
]


@dataclass(frozen=True, slots=True)
class VoiceRecord:
    """A voice.

    Attributes:
        id: never given to another voice.
        name: unique among its owner's; callers may use it in place of the id.
        language: of the words of its recordings.
        labels: its owner's metadata.
        consent: the speaker's.
        default_version: the version that speaks when none is asked for.
        created_at: seconds since 1970.
        owner: of the voice; None if it comes with Mynah.
        access: of the caller who asked for it.
        built_in: True if it comes with Mynah and cannot be changed.
    """

    id: str
    name: str
    language: str
    labels: Mapping[str, str]
    consent: str | None
    default_version: str
    created_at: int
    owner: str | None
    access: VoiceAccess
    built_in: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class NewRecording:
    """A checked recording and its transcript."""

    clip: "CheckedRecording"
    text: str | None

    def stored(self) -> StoredRecording:
        """The recording under a new id."""
        return StoredRecording(new_id("recording"), self.clip.flac, self.text, self.clip.seconds)


@dataclass(frozen=True, slots=True)
class NewVoice:
    """A voice to create.

    Attributes:
        name: unique among its owner's.
        language: of the transcripts.
        labels: metadata.
        consent: the speaker's.
    """

    name: str
    language: str
    labels: Mapping[str, str] = field(default_factory=dict)
    consent: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of voices in the order of their ids; `more` is True if others follow."""

    voices: list[VoiceRecord]
    more: bool


class VoiceStore:
    """The voices of a database and those that come with Mynah.

    Callers see their own, those that are shared with them and those that come with Mynah. Any other
    is not found, as if it were not there.
    """

    def __init__(self, records: Engine, storage: BlobStore, folders: WeightStore) -> None:
        self._records = records
        self._storage = storage
        self._folders = folders
        self._samples = {sample.name: sample for sample in samples()}
        self._built_in = {name: _built_in(sample) for name, sample in self._samples.items()}

    def create(
        self,
        caller: Caller,
        name: str,
        clips: Sequence[NewRecording],
        language: str,
        labels: Mapping[str, str],
        consent: str | None,
    ) -> VoiceRecord:
        """Create a voice; it can speak at once.

        Args:
            caller: whose owner the voice belongs to.
            name: unique among the owner's voices.
            clips: at least one; the first one is the prompt.
            language: of the transcripts.
            labels: metadata.
            consent: the speaker's.

        Raises:
            VoiceExistsError: the name is taken.
        """
        made = self._made_before(caller)
        if made is not None:
            return made
        voice = self.draft(caller, NewVoice(name, language, labels, consent))
        kept = [each.stored() for each in clips]
        # Files first: a row whose file is missing would be a voice that cannot speak.
        keep_recordings(self._storage, kept)
        try:
            with self._records.begin() as connection:
                insert_voice(connection, voice, kept)
        except VoiceExistsError:
            forget_recordings(self._storage, [each.id for each in kept])
            raise
        return voice

    def draft(self, caller: Caller, new: NewVoice) -> VoiceRecord:
        """The record of a voice that is not written yet.

        Raises:
            VoiceExistsError: a voice that comes with Mynah has the name.
        """
        self._refuse_built_in_name(new.name)
        return VoiceRecord(
            reserved_id("voice") or new_id("voice"), new.name, new.language, dict(new.labels),
            new.consent, FIRST_VERSION, now(), caller.owner, VoiceAccess.OWN,
        )  # fmt: skip

    def get(self, caller: Caller, name: str) -> VoiceRecord:
        """The voice that a caller means by an id or a name.

        Raises:
            VoiceNotFoundError: the caller can see none.
            AmbiguousVoiceError: several owners have one, of which none is the caller's.
        """
        if name in self._built_in:
            return self._built_in[name]
        query = visible_voices(caller).where(or_(voices.c.id == name, voices.c.name == name))
        with self._records.connect() as connection:
            rows = connection.execute(query).mappings().all()
        row = named_voice(rows, name, caller)
        if row is None:
            raise VoiceNotFoundError(
                f"There is no voice {name:.80}; GET /v1/voices lists those that there are."
            )
        return _record(row, caller)

    def by_id(self, voice_id: str) -> VoiceRecord:
        """The voice of an id that no caller chose, such as that of a job.

        Raises:
            VoiceNotFoundError: there is none.
        """
        query = visible_voices(OPERATOR).where(voices.c.id == voice_id)
        with self._records.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise VoiceNotFoundError(f"There is no voice {voice_id:.80}; it was deleted.")
        return _record(row, OPERATOR)

    def page(self, caller: Caller, after: str = "", limit: int = 20) -> Page:
        """Voices that a caller sees whose ids come after one, at most `limit`."""
        query = visible_voices(caller).where(voices.c.id > after)
        query = query.order_by(voices.c.id).limit(limit + 1)
        with self._records.connect() as connection:
            own = [_record(row, caller) for row in connection.execute(query).mappings()]
        built_in = [voice for voice in self._built_in.values() if voice.id > after]
        found = sorted([*built_in, *own], key=lambda voice: voice.id)
        return Page(found[:limit], more=len(found) > limit)

    def all(self, caller: Caller) -> Iterator[VoiceRecord]:
        """Every voice that a caller sees, in the order of the ids."""
        page = self.page(caller)
        yield from page.voices
        while page.more:
            page = self.page(caller, page.voices[-1].id)
            yield from page.voices

    def change(self, caller: Caller, name: str, changes: Mapping[str, Any]) -> VoiceRecord:
        """Change a voice's name, labels or consent; its recordings stay.

        Raises:
            VoiceNotFoundError, BuiltInVoiceError, VoiceAccessError: see `managed`.
            VoiceExistsError: the new name is taken.
        """
        voice = self.managed(caller, name)
        new_name = changes.get("name", voice.name)
        self._refuse_built_in_name(new_name)
        try:
            with self._records.begin() as connection:
                if changes:
                    connection.execute(
                        update(voices).where(voices.c.id == voice.id).values(**changes)
                    )
        except IntegrityError:
            raise _taken(new_name) from None
        return self.get(caller, voice.id)

    def delete(self, caller: Caller, name: str) -> VoiceRecord:
        """Delete a voice, its recordings and its versions, and cancel its jobs.

        Raises:
            VoiceNotFoundError, BuiltInVoiceError, VoiceAccessError: see `managed`.
            BlobsUnavailableError: files could not be deleted; the voice is still there.
        """
        voice = self.managed(caller, name)
        with self._records.begin() as connection:
            connection.execute(
                update(jobs).where(jobs.c.voice_id == voice.id).values(cancelling=True)
            )
            ids = connection.scalars(
                select(recordings.c.id).where(recordings.c.voice_id == voice.id)
            ).all()
            connection.execute(delete(recordings).where(recordings.c.voice_id == voice.id))
            connection.execute(delete(voices).where(voices.c.id == voice.id))
            # If files cannot be deleted now, the rows stay, by which they can be later.
            forget_recordings(self._storage, ids)
            self._folders.delete(voice.id)
        return voice

    def preview(self, caller: Caller, name: str) -> Blob:
        """The recording that prompts a voice, as FLAC.

        Raises:
            VoiceNotFoundError, VoiceAccessError: see `disclosed`.
        """
        voice = self.disclosed(caller, name)
        if voice.built_in:
            return Blob.of(self._samples[voice.id].data())
        with self._records.connect() as connection:
            first = recordings_of(connection, voice.id, FIRST_VERSION)[0]
        return self._storage.open(recording_key(first["id"]))

    def disclosed(self, caller: Caller, name: str) -> VoiceRecord:
        """A voice whose recordings and versions a caller may look at.

        Raises:
            VoiceNotFoundError, AmbiguousVoiceError: see `get`.
            VoiceAccessError: the caller may only speak with it.
        """
        voice = self.get(caller, name)
        return voice if voice.built_in else _with_access(voice, VoiceAccess.MANAGE)

    def managed(self, caller: Caller, name: str) -> VoiceRecord:
        """A voice that a caller may change.

        Raises:
            VoiceNotFoundError, AmbiguousVoiceError: see `get`.
            BuiltInVoiceError: it cannot be changed.
            VoiceAccessError: the caller may only speak with it.
        """
        return _with_access(_changeable(self.get(caller, name)), VoiceAccess.MANAGE)

    def owned(self, caller: Caller, name: str) -> VoiceRecord:
        """A voice that belongs to a caller's owner.

        Raises:
            VoiceNotFoundError, AmbiguousVoiceError: see `get`.
            BuiltInVoiceError: it belongs to nobody.
            VoiceAccessError: it is shared by another owner.
        """
        return _with_access(_changeable(self.get(caller, name)), VoiceAccess.OWN)

    def _made_before(self, caller: Caller) -> VoiceRecord | None:
        """The voice that this very write made before its process ended, if it did."""
        made = reserved_id("voice")
        if made is None:
            return None
        with suppress(VoiceNotFoundError):
            return self.managed(caller, made)
        return None

    def _refuse_built_in_name(self, name: str) -> None:
        if name in self._built_in:
            raise _taken(name)


def insert_voice(
    connection: Connection, voice: VoiceRecord, kept: Sequence[StoredRecording]
) -> None:
    """Write the rows of a draft and its recordings in the caller's transaction.

    Raises:
        VoiceExistsError: the name is taken.
    """
    try:
        connection.execute(insert(voices).values(_row(voice)))
    except IntegrityError:
        raise _taken(voice.name) from None
    insert_recordings(connection, voice.id, FIRST_VERSION, kept)


def _built_in(sample: Sample) -> VoiceRecord:
    labels = {"licence": sample.licence, "origin": sample.origin}
    return VoiceRecord(
        sample.name, sample.name, sample.language, labels, None, FIRST_VERSION, 0,
        None, VoiceAccess.SPEAK, built_in=True,
    )  # fmt: skip


def _record(row: RowMapping, caller: Caller) -> VoiceRecord:
    access = access_to(row, caller)
    its = {column.name: row[column.name] for column in voices.columns}
    if access < VoiceAccess.MANAGE:
        its["consent"] = None
    return VoiceRecord(**its, access=access)


def _changeable(voice: VoiceRecord) -> VoiceRecord:
    if voice.built_in:
        raise BuiltInVoiceError(
            f"The voice {voice.name} comes with Mynah and stays as it is; make your own."
        )
    return voice


def _with_access(voice: VoiceRecord, least: VoiceAccess) -> VoiceRecord:
    if voice.access < least:
        raise VoiceAccessError(
            f"The voice {voice.name:.80} belongs to {voice.owner:.80}, who shares it to "
            f"{voice.access.name.lower()} only; ask its owner."
        )
    return voice


def _row(voice: VoiceRecord) -> dict[str, Any]:
    return {column.name: getattr(voice, column.name) for column in voices.columns}


def _taken(name: str) -> VoiceExistsError:
    return VoiceExistsError(f"There is a voice {name:.80} already; choose another name.")
