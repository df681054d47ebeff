"""`GET /speakers`: the voice list of SillyTavern's provider for GPT-SoVITS.

It names them by their recordings' names without suffix, and sends back a path within this folder:
`public/scripts/extensions/tts/gpt-sovits-v2.js`. The transcript of a recording is its name.
"""

from pydantic import BaseModel

from mynah.server.compat.gpt_sovits.auth import SpeakCaller
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.plain_text import is_plain

FOLDER = "参考音频"

router = admitting_router(tags=["SillyTavern"])


class ListedSpeaker(BaseModel):
    """A recording that can be a reference."""

    name: str
    voice_id: str


@router.get("/speakers")
def list_speakers(_: SpeakCaller, services: ServicesOf) -> list[ListedSpeaker]:
    """List the recordings of the folder that SillyTavern takes its voices from."""
    files = (services.settings.references / FOLDER).glob("*.wav")
    # A name that is not UTF-8 could neither be listed nor sent back.
    names = sorted(file.stem for file in files if is_plain(file.stem))
    return [ListedSpeaker(name=name, voice_id=name) for name in names]
