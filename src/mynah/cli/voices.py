"""Resolution of `--voice`: a recording, a bundled voice, or one of the data folder."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

from mynah.config import Settings
from mynah.engine.request import VoiceRef
from mynah.engine.voice_source import HeldVoices, VoiceSource
from mynah.errors import VoiceNotFoundError
from mynah.server.access.keys import OPERATOR
from mynah.server.plain_text import is_plain
from mynah.server.stores import open_stores
from mynah.server.voices.resolver import VoiceResolver, VoiceSelection
from mynah.server.voices.stored_voices import StoredVoices
from mynah.voice.samples import samples
from mynah.voice.voice import Voice


@contextmanager
def voice_ref_of(
    name: str, text: str | None, language: str, settings: Settings
) -> Iterator[tuple[VoiceRef, VoiceSource]]:
    """Yield the voice of a name or path, and its source; both are usable in the context.

    A file comes first, then a voice that comes with Mynah, then one of the data folder, which
    speaks with its default version.

    Args:
        name: path or name.
        text: transcript, if it is a recording.
        language: of the transcript.
        settings: of the server that has the voices.

    Raises:
        VoiceNotFoundError: there is none.
        RecordingError: the file cannot be used.
    """
    if os.path.isfile(name):  # noqa: PTH113 - Path.is_file raises for a name that is too long
        with _quiet():
            yield _held(Voice.from_recording(name, text=text, language=language))
        return
    bundled = {sample.name: sample for sample in samples()}
    if name in bundled:
        yield _held(bundled[name].voice())
        return
    # A path of any bytes may be there; a name of a voice that is not UTF-8 cannot.
    missing = not (settings.database_url or settings.data.is_dir())
    if missing or not is_plain(name):  # `say` creates no folder
        raise _not_found(name, settings)
    with closing(open_stores(settings)) as stores:
        ref = _of_data_folder(name, VoiceResolver(stores.voices, stores.records), settings)
        yield ref, StoredVoices(stores.blobs, stores.weights)


def _held(voice: Voice) -> tuple[VoiceRef, VoiceSource]:
    ref = VoiceRef(voice.key)
    return ref, HeldVoices({ref.key: voice})


def _of_data_folder(name: str, resolver: VoiceResolver, settings: Settings) -> VoiceRef:
    try:
        return resolver.resolve(OPERATOR, VoiceSelection(name))
    except VoiceNotFoundError:
        raise _not_found(name, settings) from None


def _not_found(name: str, settings: Settings) -> VoiceNotFoundError:
    bundled = ", ".join(sample.name for sample in samples())
    return VoiceNotFoundError(
        f"There is no file or voice {name:.80}; the voices are {bundled} and those of the data "
        f"folder {settings.data} (MYNAH_DATA)."
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep messages of the MP3 decoder, a C library, off standard error."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
