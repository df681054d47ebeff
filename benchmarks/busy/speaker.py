"""A process that speaks with the starter on commands, a line each.

It runs with the interpreter of any checkout, so it imports only what Mynah promises to keep.
`one SEED` is answered with the real-time factor of a sentence, `many CALLERS SECONDS` with the
seconds of speech that callers at once are given in a second.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import mynah

TEXT = "今天天气真的很好，我们一起去公园散步好吗？"
TEXTS = (
    "今天天气很好，我们一起去公园散步怎么样？",
    "请把门关上，外面的风实在是太大太冷了。",
    "The train is at nine.",
    "See you on Thursday!",
)
"""Those of `benchmarks.load`."""
WARM_UP = 3


class Speaker:
    """The starter with a voice, both ready."""

    def __init__(self) -> None:
        self._synthesizer = mynah.Synthesizer(mynah.load_models())
        self._voice = next(each for each in mynah.samples() if each.name == "mandarin").voice()
        for seed in range(WARM_UP):
            self.one(seed)

    def one(self, seed: int) -> float:
        """Real-time factor of a sentence."""
        began = time.perf_counter()
        seconds = self._speak(TEXT, seed)
        return (time.perf_counter() - began) / seconds

    def many(self, callers: int, seconds: float) -> float:
        """Seconds of speech in a second, for callers who ask again and again."""
        began = time.perf_counter()
        with ThreadPoolExecutor(callers) as pool:
            spoken = pool.map(lambda who: self._ask(who, began + seconds), range(callers))
            total = sum(spoken)
        return total / (time.perf_counter() - began)

    def _ask(self, who: int, until: float) -> float:
        spoken, calls = 0.0, 0
        while time.perf_counter() < until:
            spoken += self._speak(TEXTS[(who + calls) % len(TEXTS)], who + calls)
            calls += 1
        return spoken

    def _speak(self, text: str, seed: int) -> float:
        options = mynah.SpeechOptions(seed=seed)
        return self._synthesizer.speak(text, self._voice, options).seconds


def main() -> None:
    """Run the commands of standard input."""
    speaker = Speaker()
    print("ready", flush=True)
    for line in sys.stdin:
        what, *numbers = line.split()
        if what == "one":
            print(speaker.one(int(numbers[0])), flush=True)
        else:
            print(speaker.many(int(numbers[0]), float(numbers[1])), flush=True)


if __name__ == "__main__":
    main()
