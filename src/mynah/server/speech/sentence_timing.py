"""Times of sentences and their words: one chunk for each sentence, aligned with its text."""

from collections.abc import Iterator, MutableSequence, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from mynah.audio.recording import Recording
from mynah.engine.engine import ChunkStream, Engine
from mynah.engine.request import AudioChunk, WordTime
from mynah.text.sentence import Sentence


@dataclass(frozen=True, slots=True)
class SentenceTiming:
    """When a sentence is heard.

    Attributes:
        sentence: its text, and its words.
        words: one for each of `sentence.spans`, from the start of the sentence.
        start: seconds from the start of the audio.
    """

    sentence: Sentence
    words: Sequence[WordTime]
    start: float


class TimedSentences:
    """A `ChunkStream` of whole sentences.

    Args:
        stream: the chunks of all sentences, in order.
        engine: aligns a sentence with its speech.
        sentences: of the request.
        timings: gets the timing of each sentence before its chunk is returned.
    """

    def __init__(
        self,
        stream: ChunkStream,
        engine: Engine,
        sentences: Sequence[Sentence],
        timings: MutableSequence[SentenceTiming],
    ) -> None:
        self._stream = stream
        self._engine = engine
        self._sentences: Iterator[Sentence] = iter(sentences)
        self._timings = timings
        self._seconds = 0.0

    @property
    def waited_seconds(self) -> float:
        return self._stream.waited_seconds

    @property
    def first_chunk_seconds(self) -> float:
        return self._stream.first_chunk_seconds

    @property
    def busy_seconds(self) -> float:
        return self._stream.busy_seconds

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AudioChunk:
        chunks = [await anext(self._stream)]
        while not chunks[-1].ends_sentence:
            chunks.append(await anext(self._stream))
        first, last = chunks[0], chunks[-1]
        speech = Recording(np.concatenate([each.samples for each in chunks]), first.sample_rate)
        sentence = next(self._sentences)
        words = await self._engine.align(speech, sentence)
        self._timings.append(SentenceTiming(sentence, words, self._seconds))
        self._seconds += speech.seconds
        return AudioChunk(
            speech.samples, first.sample_rate, first.text, ends_sentence=True, last=last.last
        )

    def close(self) -> None:
        self._stream.close()
