"""The engine as servers see it, whether it runs in their process or in others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from mynah.audio.recording import Recording
from mynah.engine.request import (
    AudioChunk,
    SynthesisRequest,
    VoiceEmbedding,
    VoiceRef,
    WordTime,
)
from mynah.options import SpeechOptions
from mynah.text.sentence import Sentence


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Load of an engine.

    Attributes:
        requests: admitted and not finished.
        sentences: of these requests, not spoken yet.
        decoding_tokens: sentences in the semantic batch.
        decoding_chunks: chunks in the acoustic stage.
        seconds_per_sentence: running mean of the stages' work on a sentence.
    """

    requests: int
    sentences: int
    decoding_tokens: int
    decoding_chunks: int
    seconds_per_sentence: float


class ChunkStream(Protocol):
    """Chunks of one request, in order; a reader that stops early must `close` it.

    The seconds are final when the stream has ended.
    """

    @property
    def waited_seconds(self) -> float:
        """From admission to the first turn in the semantic stage."""

    @property
    def first_chunk_seconds(self) -> float:
        """From admission until the first chunk was ready."""

    @property
    def busy_seconds(self) -> float:
        """Time for which the model worked on the request."""

    def __aiter__(self) -> Self:
        """Iterate over the chunks."""

    async def __anext__(self) -> AudioChunk:
        """The next chunk.

        Raises:
            MynahError: synthesis failed.
            DeadlineError: it took too long.
        """

    def close(self) -> None:
        """Cancel the request if it is not finished, and free its place in the engine."""


class Engine(Protocol):
    """Synthesis for many callers at a time, with one model and trained versions of it."""

    @property
    def size(self) -> int:
        """Most requests that are admitted at a time."""

    @property
    def sample_rate(self) -> int:
        """Samples per second of all speech."""

    @property
    def warnings(self) -> Sequence[str]:
        """Effects of missing parts of the model on all speech, a line in ASCII each."""

    @property
    def alive(self) -> bool:
        """True while requests are worked on."""

    def resolve(self, options: SpeechOptions) -> SpeechOptions:
        """Fill in the model's own sampling options where none were chosen."""

    def submit(self, request: SynthesisRequest) -> ChunkStream:
        """Admit a request; called from a running event loop, on which the chunks arrive.

        Raises:
            QueueFullError: there are as many requests as are admitted; it says when to retry.
            UnavailableError: the engine is closed.
        """

    async def embed(self, voice: VoiceRef) -> VoiceEmbedding:
        """The speaker embedding of a voice.

        Raises:
            UnsupportedError: the model has no speaker encoder.
            MynahError: the voice cannot be read.
        """

    async def align(self, speech: Recording, sentence: Sentence) -> Sequence[WordTime]:
        """When each word of a sentence, a mark too, is said in its speech.

        Raises:
            UnsupportedError: the model has no aligner.
        """

    def stats(self) -> EngineStats:
        """The load now."""

    def close(self) -> None:
        """Stop after the present round; requests that are not finished fail."""
