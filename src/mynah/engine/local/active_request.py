"""Requests and sentences in flight, with their states."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from enum import IntEnum, auto

from mynah.acoustic.decode_stream import DecodeStream
from mynah.engine.request import AudioChunk, SynthesisRequest
from mynah.engine.speech_model import SpeechModel
from mynah.engine.voice_source import VoiceSource
from mynah.semantic.sequence import SemanticRequest
from mynah.text.sentence import Sentence
from mynah.voice.prompt import PreparedVoice


class SentenceState(IntEnum):
    """Stages of a sentence, in their order; a failed or cancelled sentence is done, too."""

    WAITING = auto()
    """Nothing is done for it yet."""
    PREPARING = auto()
    """Its version is loaded, its voice read and its phonemes encoded."""
    PREFILL = auto()
    """It waits for a slot in the semantic batch, which begins by reading its phonemes."""
    DECODING = auto()
    """Its tokens are decoded step by step; chunks of them become sound meanwhile."""
    DRAINING = auto()
    """All its tokens are there, and not all is sound."""
    DONE = auto()
    """Nobody works on it any more."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSentence:
    """A sentence in the form that the stages take.

    Attributes:
        model: that speaks it.
        semantic: request to the semantic stage.
        stream: its tokens as they come, and the position up to which they are sound.
    """

    model: SpeechModel
    semantic: SemanticRequest
    stream: DecodeStream


@dataclass(slots=True, eq=False)
class ActiveSentence:
    """One sentence of a request in flight. The engine's lock guards it.

    Attributes:
        request: whose sentence it is.
        number: its place in the request, from 0.
        state: changed by `enter` alone.
        prepared: its form for the stages; set from `PREFILL` on.
        context: of the caller, for the semantic stage; set from `PREFILL` on.
        traced: open spans of the semantic stage, in that context.
        busy: seconds for which the stages worked on it.
        chunks: that were delivered.
    """

    request: "ActiveRequest"
    number: int
    state: SentenceState = SentenceState.WAITING
    prepared: PreparedSentence = field(init=False)
    context: Context = field(init=False)
    traced: ExitStack = field(default_factory=ExitStack)
    busy: float = 0.0
    chunks: int = 0

    @property
    def sentence(self) -> Sentence:
        """The text and its phonemes."""
        return self.request.request.sentences[self.number]

    @property
    def owner(self) -> str:
        """Whose turn it takes."""
        return self.request.request.owner

    @property
    def chunk_ready(self) -> bool:
        """True if there are tokens for a chunk that is not decoded yet."""
        return self.prepared.stream.chunk is not None

    def enter(self, state: SentenceState) -> None:
        """Change the state; there is no way back."""
        assert state > self.state
        self.state = state


@dataclass(slots=True, eq=False)
class ActiveRequest:
    """A request in flight. The engine's lock guards it.

    Attributes:
        request: the request.
        voices: where its voice is read.
        deliver: takes chunks of speech, or an error; it must not wait.
        context: of the caller, so that log lines and spans of the stages are the request's.
        prompt: the voice as the model takes it, once it is read.
        sentences: those that are not done, in order.
        chunks_decoding: chunks in the acoustic stage, at most one.
        chunks_ahead: chunks that were delivered and not taken.
        chunks_taken: chunks that the caller has taken.
        error: ends the request when the sentences before it are spoken.
        admitted_at: time of admission, by `time.perf_counter`.
        waited: seconds from then until the first turn in the semantic stage.
        busy: seconds for which the stages worked on it.
    """

    request: SynthesisRequest
    voices: VoiceSource
    deliver: Callable[[AudioChunk | Exception], None]
    context: Context = field(default_factory=copy_context)
    prompt: PreparedVoice | None = None
    sentences: deque[ActiveSentence] = field(init=False)
    chunks_decoding: int = 0
    chunks_ahead: int = 0
    chunks_taken: int = 0
    error: Exception | None = None
    admitted_at: float = field(default_factory=time.perf_counter)
    waited: float | None = None
    busy: float = 0.0

    def __post_init__(self) -> None:
        """Line the sentences up."""
        numbers = range(len(self.request.sentences))
        self.sentences = deque(ActiveSentence(self, number) for number in numbers)
