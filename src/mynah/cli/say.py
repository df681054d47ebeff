"""What `mynah say` does."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from mynah.engine.models import load_models
from mynah.engine.speech import Speech, kind_of
from mynah.engine.synthesizer import Synthesizer
from mynah.errors import OptionError, TextError, VoiceNotFoundError
from mynah.options import SpeechOptions
from mynah.text.frontend import analyse
from mynah.voice.samples import samples
from mynah.voice.voice import Voice


def say_to_file(
    text: str,
    out: Path,
    options: SpeechOptions,
    *,
    voice: str,
    voice_text: str | None,
    voice_language: str,
    model: Path | None,
) -> None:
    """Speaks a text into a file, with a progress bar over its sentences.

    Raises:
        MynahError: text, voice, option, file or model cannot be used; nothing is written then.
    """
    _check(out)
    text = _standard_input() if text == "-" else text
    sentences = analyse(text, options.language, options.split)
    speaker = find_voice(voice, voice_text, voice_language)
    synthesizer = Synthesizer(load_models(model))
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("speaking", total=len(sentences))
        chunks = []
        for chunk in synthesizer.stream_sentences(sentences, speaker, options):
            chunks.append(chunk.samples)
            progress.advance(task, bool(chunk.text))
    speech = Speech(np.concatenate(chunks), synthesizer.sample_rate, text)
    try:
        speech.save(out)
    except OSError as error:
        raise OptionError(
            f"{out} cannot be written ({error.strerror}); choose another --out."
        ) from None
    typer.echo(f"{out}  {speech.seconds:.1f} s")


def find_voice(name: str, text: str | None, language: str) -> Voice:
    """The voice of a file, or a bundled one by its name.

    Raises:
        VoiceNotFoundError: there is neither.
        RecordingError: the file cannot be used.
    """
    if os.path.isfile(name):  # noqa: PTH113 - Path.is_file raises for a name that is too long
        with _quiet():
            return Voice.from_recording(name, text=text, language=language)
    bundled = {sample.name: sample for sample in samples()}
    if name in bundled:
        return bundled[name].voice()
    raise VoiceNotFoundError(
        f"There is no file or voice {name:.80}; the voices are {', '.join(bundled)}."
    )


def _check(out: Path) -> None:
    """Finds out before the work what would be in the way after it."""
    kind_of(out)
    folder = out.parent
    if not os.path.isdir(folder):  # noqa: PTH112 - as above
        raise OptionError(f"The folder {folder} does not exist; make it or choose another.")
    if os.path.isdir(out) or not os.access(folder, os.W_OK):  # noqa: PTH112 - as above
        raise OptionError(f"{out} cannot be written; choose another --out.")


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TextError("The text on standard input is not UTF-8; convert it first.") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the remarks of the MP3 decoder, a C library, off standard error."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
