"""What a server sees of an engine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineStats:
    """What the engine holds.

    Attributes:
        requests: admitted and not finished.
        sentences: of these, not spoken.
        drawn: of these, whose tokens are being drawn together.
        sounding: of these, of which a piece is being decoded.
        seconds_per_sentence: for how long the stages worked on one lately.
    """

    requests: int
    sentences: int
    drawn: int
    sounding: int
    seconds_per_sentence: float
