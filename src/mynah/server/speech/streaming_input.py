"""Streaming input: sessions whose text comes in parts, for every protocol."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from fastapi.concurrency import run_in_threadpool

from mynah.audio.encoding import AudioFormat, Encoder, Samples
from mynah.errors import TextError
from mynah.server.errors import RequestError
from mynah.server.speech.sentence_timing import SentenceTiming
from mynah.server.speech.service import SpeechRequest, SpeechService
from mynah.text.breaks import parts, without_breaks
from mynah.text.frontend import MAX_CHARACTERS
from mynah.text.sentence_buffer import SentenceBuffer

_BARE = AudioFormat("pcm")
_FULL_SCALE = 32768
_READ_AT_ONCE = 4096
"""Characters in which the event loop itself looks for sentences; a thread does in more."""


class StreamMark(Enum):
    """Markers between the bytes of an audio stream."""

    FLUSHED = "flushed"
    """Everything before a flush was spoken."""


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A piece of text as it comes.

    Attributes:
        text: continues the piece before it; may be empty.
        flush: speak all that there is, whether or not its sentence has ended.
        last: nothing follows.
    """

    text: str
    flush: bool = False
    last: bool = False


_NOTHING = TextPiece("")


class InputSession:
    """One stream of text in, one stream of audio out.

    A sentence is spoken when the text shows that it has ended. All sentences share one encoder,
    so that the bytes are one file from the first to the last.

    Args:
        service: speaks the sentences.
        request: voice, options and format; its text is ignored.

    Attributes:
        timing: of the sentence that begins with the latest bytes, from their start on; None if
            none does, or the request asked for no times.
    """

    def __init__(self, service: SpeechService, request: SpeechRequest) -> None:
        self._service = service
        self._request = request
        self._encoder = request.form.encoder(service.sample_rate)
        self._pieces: asyncio.Queue[TextPiece | Exception] = asyncio.Queue()
        self._waiting = 0
        self._speaking = False
        self._ending = False
        self._phonemes = 0
        self._tokens = 0
        self.timing: SentenceTiming | None = None

    def add(self, piece: TextPiece) -> None:
        """Take more text.

        Raises:
            RequestError: the last piece was there already.
            TextError: more text waits than a call may have.
        """
        if self._ending:
            raise RequestError("This context has had its last text; open another.", "context_id")
        if piece == _NOTHING:
            return
        # A piece costs memory beside that of its text.
        self._waiting += 1 + len(piece.text)
        if self._waiting > MAX_CHARACTERS:
            raise TextError(f"More than {MAX_CHARACTERS} characters wait to be said; send slower.")
        self._ending = piece.last
        self._pieces.put_nowait(piece)

    def fail(self, error: Exception) -> None:
        """End the audio with an error when all text before it is spoken."""
        self._pieces.put_nowait(error)

    @property
    def busy(self) -> bool:
        """True while something is spoken or waits to be looked at."""
        return self._speaking or not self._pieces.empty()

    def usage(self) -> dict[str, int]:
        """Phonemes that were said, semantic tokens that were spoken."""
        total = self._phonemes + self._tokens
        return {
            "input_tokens": self._phonemes,
            "output_tokens": self._tokens,
            "total_tokens": total,
        }

    async def audio(self) -> AsyncGenerator[bytes | StreamMark, None]:
        """Audio as it is ready; closing the iterator stops the work.

        Raises:
            MynahError: whatever speaking raised; a text without words is an error only if
                nothing else was said.
        """
        held, text = SentenceBuffer(), ""
        while True:
            piece = await self._pieces.get()
            if isinstance(piece, Exception):
                raise piece
            self._waiting -= 1
            ready = await _complete(held, piece)
            self._waiting -= len(ready)
            text += ready
            if any(map(str.isalnum, without_breaks(text))):
                self._speaking = True
                async with aclosing(self._spoken(text)) as spoken:
                    async for data in spoken:
                        yield data
                self._speaking = False
                text = ""
            if piece.flush:
                yield StreamMark.FLUSHED
            if piece.last:
                yield await self._end()
                return

    async def _spoken(self, text: str) -> AsyncGenerator[bytes, None]:
        asks_for_pause = next(parts(text))[0] > 0
        paused = self._request.options.pause if self._phonemes and not asks_for_pause else 0.0
        lead = await self._lead(paused)
        request = replace(self._request, text=text, form=_BARE)
        with closing(await self._service.open(request)) as speech:
            timed = 0
            async for samples in speech:
                data = lead + await run_in_threadpool(_encoded, self._encoder, samples)
                if not data:
                    continue
                if timed < len(speech.timings):
                    self.timing = replace(speech.timings[timed], start=paused)
                    timed, paused = timed + 1, 0.0
                yield data
                lead, self.timing = b"", None
            self._phonemes += speech.phonemes
            self._tokens += speech.semantic_tokens

    async def _lead(self, seconds: float) -> bytes:
        """Bytes before a sentence: the header of the file, later the pause."""
        if not self._phonemes:
            return self._encoder.header()
        pause = np.zeros(int(seconds * self._service.sample_rate), np.float32)
        return await run_in_threadpool(self._encoder.encode, pause) if len(pause) else b""

    async def _end(self) -> bytes:
        if not self._phonemes:
            raise TextError("The text has no words; give it letters, characters or figures to say.")
        return await run_in_threadpool(self._encoder.finish)


async def _complete(held: SentenceBuffer, piece: TextPiece) -> str:
    """Add a piece, and return the sentences that are complete; yields to the event loop."""
    if len(piece.text) > _READ_AT_ONCE:
        ready = await run_in_threadpool(held.add, piece.text)
    else:
        await asyncio.sleep(0)
        ready = held.add(piece.text)
    return ready + held.flush() if piece.flush or piece.last else ready


def _encoded(encoder: Encoder, pcm: bytes) -> bytes:
    samples: Samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
    return encoder.encode(samples)
