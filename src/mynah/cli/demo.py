"""`make demo`: Mandarin and English in the voice of each bundled recording."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from mynah.api import Synthesizer
from mynah.engine.loading import load_models
from mynah.errors import MynahError
from mynah.voice.recording import read_recording
from mynah.voice.samples import samples

FOLDER = Path("demo")
TEXTS = {
    "zh": "你好，很高兴认识你。今天天气很好，我们一起去公园散步吧。",
    "en": "Hello, it is nice to meet you. The weather is fine today, so let us take a walk.",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A file of speech, its duration, and the seconds that it took."""

    path: Path
    text: str
    seconds: float
    took: float


def main() -> None:
    """Write a WAV for each voice and language, and tell how long and how fast they are.

    A file that holds no speech, or cannot be written, is one line and exit code 1.
    """
    try:
        _demonstrate(Console(stderr=True))
    except MynahError as error:
        sys.exit(f"demo: {error}")
    except OSError as error:
        sys.exit(f"demo: {error.filename} cannot be written ({error.strerror}).")


def _demonstrate(console: Console) -> None:
    FOLDER.mkdir(exist_ok=True)
    with console.status("loading the model …") as status:
        synthesizer = Synthesizer(load_models())
        rows = []
        status.update("speaking …")
        for row in _spoken(synthesizer):
            rows.append(row)
            factor = row.took / row.seconds
            print(  # noqa: T201
                f"{row.path}  {row.seconds:.1f} s of speech in {row.took:.1f} s "
                f"(real-time factor {factor:.2f}): {row.text}",
                flush=True,
            )
    seconds, took = sum(row.seconds for row in rows), sum(row.took for row in rows)
    print(  # noqa: T201
        f"It works: {len(rows)} files with {seconds:.1f} s of speech are in {FOLDER.resolve()}, "
        f"real-time factor {took / seconds:.2f}. Listen to them."
    )


def _spoken(synthesizer: Synthesizer) -> Iterator[Spoken]:
    for sample in samples():
        voice = sample.voice()
        for language, text in TEXTS.items():
            began = time.perf_counter()
            speech = synthesizer.speak(text, voice)
            took = time.perf_counter() - began
            path = FOLDER / f"{sample.name}-{language}.wav"
            speech.save(path)
            read_recording(path)  # refuses one that is silent, clipped or short
            yield Spoken(path, text, speech.seconds, took)


if __name__ == "__main__":
    main()
