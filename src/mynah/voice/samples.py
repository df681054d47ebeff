"""The voices that come with Mynah: two recordings of real people, free to use."""

import json
from dataclasses import dataclass
from importlib.resources import as_file, files

from mynah.errors import VoiceNotFoundError
from mynah.voice.voice import Voice

# Not files("mynah.samples"): that would import the folder over the function mynah.samples.
_FOLDER = files("mynah") / "samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """A bundled recording, its words and where it is from."""

    name: str
    file: str
    text: str
    language: str
    licence: str
    origin: str

    def voice(self) -> Voice:
        """The voice cloned from it."""
        with as_file(_FOLDER / self.file) as path:
            return Voice.from_recording(
                path, text=self.text, language=self.language, name=self.name
            )

    def data(self) -> bytes:
        """The recording as it is, a FLAC file."""
        return (_FOLDER / self.file).read_bytes()


def samples() -> list[Sample]:
    """Every bundled recording."""
    rows = json.loads((_FOLDER / "samples.json").read_text("utf-8"))
    return [Sample(**row) for row in rows]


def bundled_voice(name: str) -> Voice:
    """The bundled voice of a name.

    Raises:
        VoiceNotFoundError: there is none.
    """
    known = {sample.name: sample for sample in samples()}
    if name not in known:
        raise VoiceNotFoundError(
            f"There is no voice {name:.80} in the package, only {', '.join(known)}; clone another "
            "one with mynah.Voice.from_recording."
        )
    return known[name].voice()
