"""Options of speech, under the same names at every interface."""

from dataclasses import dataclass

from mynah.errors import OptionError

RANGES: dict[str, tuple[float, float]] = {
    "speed": (0.25, 4.0),
    "top_k": (1, 1024),
    "top_p": (0.01, 1.0),
    "temperature": (0.01, 2.0),
    "repetition_penalty": (1.0, 2.0),
    "pause": (0.0, 5.0),
    "seed": (0, 2**63 - 1),
}
"""Least and greatest value of each option that is a number."""


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """Options of speech.

    Attributes:
        language: code of `mynah.text.languages.registry.CODES`.
        split: method of cutting text into sentences, `cut0` to `cut5`, or `lines`.
        speed: rate of speech; 2 halves the duration.
        seed: equal seeds give equal audio.
        top_k: number of likeliest tokens to sample from; this and the next three are the model's
            own if they are None.
        top_p: share of probability to sample from.
        temperature: below 1 calmer, above 1 livelier.
        repetition_penalty: penalty of tokens already generated.
        pause: seconds of silence between sentences.
        whole_sentences: true to decode each sentence at once: exactly as the model has it, and
            later than chunk by chunk.
    """

    language: str = "auto"
    split: str = "cut5"
    speed: float = 1.0
    seed: int = 0
    top_k: int | None = None
    top_p: float | None = None
    temperature: float | None = None
    repetition_penalty: float | None = None
    pause: float = 0.3
    whole_sentences: bool = False

    def __post_init__(self) -> None:
        """Refuse values out of range.

        Raises:
            OptionError: naming the option and its range.
        """
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise OptionError(f"{name} is {value}; it must lie between {low:g} and {high:g}.")
