"""`make demo`: Mandarin and English in the voice of each bundled recording."""

import time
from pathlib import Path

from mynah.api import Synthesizer
from mynah.engine.loading import load_models
from mynah.voice.samples import samples

FOLDER = Path("demo")
TEXTS = {
    "zh": "你好，很高兴认识你。今天天气很好，我们一起去公园散步吧。",
    "en": "Hello, it is nice to meet you. The weather is fine today, so let us take a walk.",
}


def main() -> None:
    """Write a WAV for each voice and language, and print its name."""
    FOLDER.mkdir(exist_ok=True)
    synthesizer = Synthesizer(load_models())
    for sample in samples():
        voice = sample.voice()
        for language, text in TEXTS.items():
            began = time.perf_counter()
            speech = synthesizer.speak(text, voice)
            took = time.perf_counter() - began
            path = FOLDER / f"{sample.name}-{language}.wav"
            speech.save(path)
            print(f"{path}  {speech.seconds:.1f} s of speech in {took:.1f} s: {text}")  # noqa: T201


if __name__ == "__main__":
    main()
