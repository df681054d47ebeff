"""`mynah say`."""

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from mynah.api import Synthesizer
from mynah.audio.speech import Speech, kind_of
from mynah.cli.output import one_line
from mynah.cli.voices import voice_ref_of
from mynah.config import Settings
from mynah.engine.loading import load_models
from mynah.errors import OptionError, TextError
from mynah.options import SpeechOptions
from mynah.text.frontend import analyse


def say_to_file(
    text: str,
    out: Path,
    options: SpeechOptions,
    *,
    voice: str,
    voice_text: str | None,
    voice_language: str,
    settings: Settings,
) -> None:
    """Speak a text into a file, with a progress bar over its sentences.

    The model, and the data folder in which voices are looked for, are those of a server with the
    same settings.

    Raises:
        MynahError: text, voice, option, file or model cannot be used; nothing is written then.
    """
    _check(out)
    text = _standard_input() if text == "-" else text
    sentences = analyse(text, options.language, options.split)
    with voice_ref_of(voice, voice_text, voice_language, settings) as (ref, voices):
        synthesizer = Synthesizer(load_models(settings.model, settings.precision, settings.device))
        whole = replace(options, whole_sentences=True)
        stream = synthesizer.stream_sentences(sentences, ref, voices, whole)
        chunks = _spoken(stream, len(sentences))
    speech = Speech(np.concatenate(chunks), synthesizer.sample_rate, text)
    try:
        speech.save(out)
    except OSError as error:
        raise OptionError(
            f"{out} cannot be written ({error.strerror}); choose another --out."
        ) from None
    typer.echo(f"{one_line(str(out))}  {speech.seconds:.1f} s")


def _spoken(stream: Iterable[Speech], sentences: int) -> list[NDArray[np.float32]]:
    console = Console(stderr=True)
    chunks = []
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("speaking", total=sentences)
        for chunk in stream:
            chunks.append(chunk.samples)
            progress.advance(task, bool(chunk.text))
    return chunks


def _check(out: Path) -> None:
    """Refuse a path that cannot be written, before the work begins."""
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
