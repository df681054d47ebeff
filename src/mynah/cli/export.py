"""What `mynah export` does."""

from collections.abc import Iterator
from pathlib import Path

from mynah.config import Settings
from mynah.engine.export import RELEASED_FILES
from mynah.engine.folder import model_id
from mynah.errors import VoiceNotFoundError
from mynah.server.stores import open_data
from mynah.server.versions.export import Exports
from mynah.server.versions.store import VersionStore
from mynah.server.voices.store import VoiceStore
from mynah.storage.blobs import FileBlobs, FileWeights


def export(settings: Settings, name: str, version: int | None, out: Path) -> Iterator[Path]:
    """Writes the files of a version into a folder, and gives each once it is there.

    Args:
        settings: of the server whose voice it is.
        name: of the voice.
        version: its number; the one that speaks without.
        out: the folder.

    Raises:
        MynahError: there is no such version, it has no weights, or they cannot be used.
    """
    if not (settings.database_url or settings.data.is_dir()):
        raise VoiceNotFoundError(
            f"There is no data folder {settings.data}; set MYNAH_DATA to that of the voice."
        )
    records = open_data(settings)
    try:
        storage, folders = FileBlobs(settings.data / "audio"), FileWeights(settings.versions)
        versions = VersionStore(records, model_id(settings.model))
        exports = Exports(versions, folders, settings.model)
        voice = VoiceStore(records, storage, folders).own(name)
        for file in RELEASED_FILES:
            exports.write(voice, version or int(voice.default_version), file, out / file)
            yield out / file
    finally:
        records.dispose()
