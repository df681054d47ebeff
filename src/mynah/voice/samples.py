"""The voices that come with Mynah: two recordings of real people, free to use."""

import json
from dataclasses import dataclass
from importlib.resources import as_file, files

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
