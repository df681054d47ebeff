"""A request on its way through the stages, sentence by sentence."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from contextvars import Context, copy_context
from dataclasses import dataclass, field

from mynah.acoustic.decode_stream import DecodeStream
from mynah.engine.request import AudioChunk, SynthesisRequest
from mynah.engine.speech_model import SpeechModel
from mynah.engine.voice_source import VoiceSource
from mynah.semantic.sequence import SemanticRequest
from mynah.text.sentence import Sentence
from mynah.voice.prompt import Prompt

CHUNKS_AHEAD = 4
"""Chunks that are made before the caller takes them; a slow one holds no more memory. The first is
made and taken alone: until the caller has it, the cores are better left to bringing it there."""

SENTENCES_AHEAD = 3
"""Sentences of a request that are in the works at a time."""


@dataclass(slots=True, eq=False)
class ActiveSentence:
    """One sentence of a talk.

    Attributes:
        talk: of which it is a sentence.
        model: what speaks it.
        sentence: what is said.
        request: what the semantic stage is asked.
        passage: its tokens as they come, and how far they have become sound.
        context: of the caller, for the semantic stage.
        traced: what to leave in that context when its tokens are drawn.
        busy: seconds for which the stages worked on it.
        heard: whether its first chunk was delivered.
    """

    talk: "ActiveRequest"
    model: SpeechModel
    sentence: Sentence
    request: SemanticRequest
    passage: DecodeStream
    context: Context
    traced: ExitStack = field(default_factory=ExitStack)
    busy: float = 0.0
    heard: bool = False

    @property
    def began(self) -> bool:
        """Whether there are tokens enough for its first sound."""
        return self.heard or self.passage.piece is not None

    @property
    def rests(self) -> bool:
        """Whether its talk waits for nothing but the first sound to be made and taken."""
        return self.talk.silent and (self.talk.sounding or self.talk.ahead > 0)

    @property
    def wanted(self) -> bool:
        """Whether its talk still waits for it."""
        return not self.talk.over and self in self.talk.utterances


@dataclass(slots=True, eq=False)
class ActiveRequest:
    """A request being spoken. The engine's lock guards it.

    Attributes:
        request: what is asked for.
        voices: where its voice is read.
        deliver: takes chunks of speech, or an error; it must not wait.
        context: of the caller, so that log lines and spans of the stages are the request's.
        prompt: the voice as the model takes it, once it is read.
        utterances: sentences in the works, in order; sound is made of the first.
        prepared: number of sentences that have come into the works.
        spoken: number of sentences that have come out.
        reading: whether the next sentence is being prepared.
        sounding: whether a piece is being decoded.
        ahead: chunks that were delivered and not taken.
        silent: whether the caller has taken nothing yet.
        error: what ends it when the sentences before are spoken.
        over: whether nobody wants more.
        admitted_at: when, by `time.perf_counter`.
        waited: seconds from then until the first turn in the semantic stage.
        busy: seconds for which the stages worked on it.
    """

    request: SynthesisRequest
    voices: VoiceSource
    deliver: Callable[[AudioChunk | Exception], None]
    context: Context = field(default_factory=copy_context)
    prompt: Prompt | None = None
    utterances: deque[ActiveSentence] = field(default_factory=deque)
    prepared: int = 0
    spoken: int = 0
    reading: bool = False
    sounding: bool = False
    ahead: int = 0
    silent: bool = True
    error: Exception | None = None
    over: bool = False
    admitted_at: float = field(default_factory=time.perf_counter)
    waited: float | None = None
    busy: float = 0.0

    @property
    def left(self) -> int:
        """Sentences that are not spoken yet."""
        return len(self.request.sentences) - self.spoken

    @property
    def may_read(self) -> bool:
        """Whether the next sentence may come into the works.

        It waits until the caller has taken something, and the sentence before it has tokens for
        its first sound, so that it does not slow down what the caller hears first.
        """
        more = self.prepared < len(self.request.sentences)
        room = len(self.utterances) < SENTENCES_AHEAD
        begun = not self.utterances or (self.utterances[-1].began and not self.silent)
        return more and room and begun and not (self.reading or self.error or self.over)

    @property
    def may_sound(self) -> bool:
        """Whether a piece can be decoded that the caller has room for."""
        there = bool(self.utterances) and self.utterances[0].passage.piece is not None
        room = self.ahead < (1 if self.silent else CHUNKS_AHEAD)
        return there and room and not (self.sounding or self.over)

    @property
    def failed(self) -> bool:
        """Whether nothing is left to be heard before the error."""
        return self.error is not None and not self.utterances and not self.over
