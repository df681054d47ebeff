"""Mynah: few-shot voice cloning, built on GPT-SoVITS.

    import mynah

    mynah.speak("Good morning.", voice="ljspeech").save("morning.wav")
    voice = mynah.Voice.from_recording("teacher.wav", text="...")
    mynah.speak("你好，world.", voice=voice).save("hello.wav")

Nothing heavy is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mynah.api import Synthesizer, speak, stream
    from mynah.audio.speech import Speech
    from mynah.client import AsyncClient, Client
    from mynah.engine.loading import load_models
    from mynah.engine.models import Models
    from mynah.errors import MynahError, ServerError
    from mynah.options import SpeechOptions
    from mynah.voice.samples import samples
    from mynah.voice.voice import Voice

    __version__: str

_HOMES = {
    "AsyncClient": "mynah.client",
    "Client": "mynah.client",
    "Models": "mynah.engine.models",
    "MynahError": "mynah.errors",
    "ServerError": "mynah.errors",
    "Speech": "mynah.audio.speech",
    "SpeechOptions": "mynah.options",
    "Synthesizer": "mynah.api",
    "Voice": "mynah.voice.voice",
    "load_models": "mynah.engine.loading",
    "samples": "mynah.voice.samples",
    "speak": "mynah.api",
    "stream": "mynah.api",
}

__all__ = [
    "AsyncClient",
    "Client",
    "Models",
    "MynahError",
    "ServerError",
    "Speech",
    "SpeechOptions",
    "Synthesizer",
    "Voice",
    "load_models",
    "samples",
    "speak",
    "stream",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from mynah.runtime.version import package_version  # noqa: PLC0415

        return package_version()
    if name not in _HOMES:
        raise AttributeError(f"module 'mynah' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
