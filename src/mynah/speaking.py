"""The shortest way to speech: functions over the starter model, loaded once a process."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from mynah.audio.speech import Speech
from mynah.engine.models import load_models
from mynah.engine.synthesizer import Synthesizer
from mynah.options import SpeechOptions
from mynah.voice.voice import Voice


def speak(text: str, *, voice: Voice, **options: Any) -> Speech:  # noqa: ANN401
    """Speaks a text with the starter model.

    Args:
        text: Mandarin, English or both.
        voice: whom to sound like.
        options: fields of `SpeechOptions`.

    Raises:
        MynahError: the text, the voice or an option cannot be used; the message says why.
    """
    return _starter().speak(text, voice, SpeechOptions(**options))


def stream(text: str, *, voice: Voice, **options: Any) -> Iterator[Speech]:  # noqa: ANN401
    """Speaks a text with the starter model, chunk by chunk; see `Synthesizer.stream`."""
    return _starter().stream(text, voice, SpeechOptions(**options))


@cache
def _starter() -> Synthesizer:
    return Synthesizer(load_models())
