"""`mynah export`."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from mynah.config import Settings
from mynah.engine.export import RELEASED_FILES
from mynah.errors import VoiceNotFoundError
from mynah.server.access.keys import OPERATOR
from mynah.server.stores import open_stores
from mynah.server.versions.export import Exports


def export(settings: Settings, name: str, version: int | None, out: Path) -> Iterator[Path]:
    """Write the files of a version into a folder, and yield each path once it is written.

    Raises:
        MynahError: there is no such version, it has no weights, or they cannot be used.
    """
    if not (settings.database_url or settings.data.is_dir()):
        raise VoiceNotFoundError(
            f"There is no data folder {settings.data}; set MYNAH_DATA to that of the voice."
        )
    with closing(open_stores(settings)) as stores:
        exports = Exports(stores.versions, stores.weights, settings.model)
        voice = stores.voices.managed(OPERATOR, name)
        for file in RELEASED_FILES:
            exports.write(voice, version or int(voice.default_version), file, out / file)
            yield out / file
