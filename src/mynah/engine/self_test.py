"""Self-test: a model that was loaded speaks a short sentence of each language before it serves."""

import asyncio
from contextlib import closing

from mynah.engine.engine import Engine
from mynah.engine.request import RecordingRef, SynthesisRequest, VoiceRef
from mynah.errors import CheckpointError
from mynah.options import SpeechOptions
from mynah.text.frontend import analyse
from mynah.voice.samples import samples

SENTENCES = {"zh": "你好。", "en": "They read it."}
"""By language; they also have the front end load all dictionaries that it ever needs."""

VOICE = "mandarin"
"""The shorter of the bundled voices, which is read fastest; it speaks both languages."""

LONGEST_SECONDS = 4.0
"""Of sound in which something must be heard."""


def self_test(engine: Engine) -> None:
    """Speak through the whole path: a bundled recording, prompt, tokens, sound.

    It also warms the path for the first callers. Call it where no event loop runs.

    Args:
        engine: whose model is tested.

    Raises:
        CheckpointError: the model cannot speak one of the languages.
    """
    (sample,) = (each for each in samples() if each.name == VOICE)
    recording = RecordingRef(data=sample.data(), text=sample.text)
    key, language = f"self-test/{VOICE}", sample.language
    voice = VoiceRef(key, (recording,), language=language, name=VOICE)
    asyncio.run(_speak_all(engine, voice))


async def _speak_all(engine: Engine, voice: VoiceRef) -> None:
    for language, text in SENTENCES.items():
        try:
            flaw = None if await _is_heard(engine, text, language, voice) else "it is silent"
        except Exception as error:
            # Weights that do not fit make a network raise nearly anything.
            flaw = " ".join(f"{type(error).__name__}: {error}".split())
        if flaw:
            raise CheckpointError(
                f"The model was loaded but cannot speak ({language}: {flaw:.200}); look at its "
                "folder with `mynah models inspect`, and copy its files again as they were "
                "released."
            )


async def _is_heard(engine: Engine, text: str, language: str, voice: VoiceRef) -> bool:
    """Speak a sentence until there is sound, which the engine knows to be finite."""
    request = SynthesisRequest("", tuple(analyse(text, language)), voice, SpeechOptions())
    seconds = 0.0
    with closing(engine.submit(request)) as stream:
        async for chunk in stream:
            if chunk.samples.any():
                return True
            seconds += chunk.seconds
            if seconds >= LONGEST_SECONDS:
                break
    return False
