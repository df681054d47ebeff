"""The recordings of voices: a file for each, and a row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from mynah.storage.blobs import BlobStore
from mynah.storage.tables import recordings


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A recording to store: FLAC, mono at 32 kHz; its transcript, if known; seconds of speech."""

    id: str
    flac: bytes
    text: str | None
    seconds: float


def keep_recordings(storage: BlobStore, kept: Iterable[StoredRecording]) -> None:
    """Write the files; do it before the rows, since a row without its file cannot speak."""
    for recording in kept:
        storage.put(recording_key(recording.id), recording.flac)


def insert_recordings(
    connection: Connection, voice_id: str, version: str, kept: Sequence[StoredRecording]
) -> None:
    """Write the rows in the caller's transaction; `version` is a version's number or a job's id."""
    rows = [
        {
            "id": each.id,
            "voice_id": voice_id,
            "version": version,
            "position": position,
            "text": each.text,
            "seconds": each.seconds,
        }
        for position, each in enumerate(kept)
    ]
    if rows:
        connection.execute(insert(recordings), rows)


def recordings_of(connection: Connection, voice_id: str, version: str) -> Sequence[Any]:
    """The rows of a version's recordings, in their order."""
    ours = recordings.c.voice_id == voice_id, recordings.c.version == version
    query = select(recordings).where(*ours).order_by(recordings.c.position)
    return connection.execute(query).mappings().all()


def forget_recordings(storage: BlobStore, recording_ids: Iterable[str]) -> None:
    """Delete the files."""
    for recording_id in recording_ids:
        storage.delete(recording_key(recording_id))


def recording_key(recording_id: str) -> str:
    """The blob key of a recording."""
    return f"recordings/{recording_id}.flac"
