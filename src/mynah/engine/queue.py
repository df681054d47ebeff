"""Many callers, one model: a bounded queue from which speech is made chunk by chunk, in turns."""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Iterator
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Protocol, Self

from mynah.engine.prompts import Prompts, Speaker
from mynah.engine.speech import Speech
from mynah.engine.turns import Turns
from mynah.errors import DeadlineError, QueueFullError, UnavailableError
from mynah.options import SpeechOptions
from mynah.text.sentence import Sentence
from mynah.voice.prompt import VoicePrompt
from mynah.voice.voice import Voice

AHEAD = 4
"""Chunks that are made before the caller has taken the first; a slow one holds no more memory."""

_LONGEST_RETRY_SECONDS = 60
_SMOOTHING = 0.1


class SpeechModel(Protocol):
    """What speaks; `mynah.engine.synthesizer.Synthesizer` does. One thread at a time calls it."""

    @property
    def sample_rate(self) -> int:
        """Samples per second of everything it speaks."""

    def read(self, voice: Voice) -> VoicePrompt:
        """The voice as this model takes it."""

    def stream_prompted(
        self, sentences: list[Sentence], prompt: VoicePrompt, options: SpeechOptions
    ) -> Iterator[Speech]:
        """One chunk for each sentence."""


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What is to be spoken, how, and for whom.

    Attributes:
        caller: callers take turns, whatever the number of their requests.
        sentences: at least one.
        speaker: the voice.
        options: language, speed and the rest.
    """

    caller: str
    sentences: list[Sentence]
    speaker: Speaker
    options: SpeechOptions


@dataclass(frozen=True, slots=True)
class QueueStats:
    """What the queue holds.

    Attributes:
        requests: admitted and not finished.
        size: most requests that are admitted.
        sentences: admitted and not spoken.
        seconds_per_sentence: what speaking one took lately.
    """

    requests: int
    size: int
    sentences: int
    seconds_per_sentence: float


@dataclass(slots=True, eq=False)
class _Place:
    """A request in the queue. The queue's lock guards all but `outbox`, which is the loop's."""

    request: SpeechRequest
    loop: asyncio.AbstractEventLoop
    left: int
    admitted_at: float
    outbox: asyncio.Queue[Speech | Exception | None] = field(default_factory=asyncio.Queue)
    # The worker acts for the caller: its log lines and spans are the request's.
    context: Context = field(default_factory=copy_context)
    chunks: Iterator[Speech] | None = None
    ahead: int = 0
    in_turn: bool = False
    waited: float = 0.0
    busy: float = 0.0


class SpeechStream:
    """The chunks of one request, in order; whoever stops early must `close` it.

    Attributes are final when the stream has ended.
    """

    def __init__(self, queue: "SpeechQueue", place: _Place, deadline: float) -> None:
        self._queue = queue
        self._place = place
        self._timer = place.loop.call_later(deadline, self._expire, deadline)

    @property
    def waited_seconds(self) -> float:
        """From admission to the first turn."""
        return self._place.waited

    @property
    def busy_seconds(self) -> float:
        """Time for which the model worked."""
        return self._place.busy

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Speech:
        """The next chunk.

        Raises:
            MynahError: whatever speaking this request raised.
            DeadlineError: it took too long.
        """
        item = await self._place.outbox.get()
        if isinstance(item, Speech):
            self._queue.taken(self._place)
            return item
        self.close()
        raise item or StopAsyncIteration

    def close(self) -> None:
        """Gives the place up at once; what is in the works for it is thrown away."""
        self._timer.cancel()
        self._queue.leave(self._place)
        self._place.outbox.put_nowait(None)

    def _expire(self, deadline: float) -> None:
        late = f"The speech was not finished within {deadline:g} s; send a shorter text."
        self._place.outbox.put_nowait(DeadlineError(late))
        self.close()


class SpeechQueue:
    """Speaks for many callers with one model on one thread.

    Submit from a running event loop; chunks arrive on it.

    Args:
        model: what speaks.
        size: most requests that are admitted at a time.
        deadline: seconds that a request may take from its admission to its last chunk.
        prompts: voices kept as the model takes them.
    """

    def __init__(
        self, model: SpeechModel, *, size: int = 64, deadline: float = 300.0, prompts: int = 128
    ) -> None:
        self._model = model
        self._size = size
        self._deadline = deadline
        self._prompts = Prompts(model.read, prompts)
        self._places: set[_Place] = set()
        self._turns: Turns[_Place] = Turns()
        self._open = True
        self._seconds_per_sentence = 0.0
        self._changed = threading.Condition()
        self._worker = threading.Thread(target=self._work, name="speech", daemon=True)
        self._worker.start()

    @property
    def sample_rate(self) -> int:
        """Samples per second of all speech."""
        return self._model.sample_rate

    @property
    def alive(self) -> bool:
        """Whether requests are worked on."""
        return self._open and self._worker.is_alive()

    def submit(self, request: SpeechRequest) -> SpeechStream:
        """Admits a request.

        Raises:
            QueueFullError: the queue is full; it says when to come back.
            UnavailableError: the queue is closed.
        """
        place = _Place(
            request, asyncio.get_running_loop(), len(request.sentences), time.perf_counter()
        )
        with self._changed:
            self._admit(place)
        return SpeechStream(self, place, self._deadline)

    def stats(self) -> QueueStats:
        """What the queue holds now."""
        with self._changed:
            sentences = sum(place.left for place in self._places)
            return QueueStats(len(self._places), self._size, sentences, self._seconds_per_sentence)

    def close(self) -> None:
        """Ends the worker after its present chunk; requests that are not finished fail."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._worker.join()
        with self._changed:
            for place in self._places:
                _deliver(place, _stopping())
            self._places.clear()

    def taken(self, place: _Place) -> None:
        """The caller took a chunk, so that the next may be made."""
        with self._changed:
            place.ahead -= 1
            self._line_up(place)

    def leave(self, place: _Place) -> None:
        """The caller wants no more."""
        with self._changed:
            self._places.discard(place)
            self._turns.discard(place.request.caller, place)

    def _admit(self, place: _Place) -> None:
        if not self._open:
            raise _stopping()
        if len(self._places) >= self._size:
            raise QueueFullError(
                f"{self._size} requests are being spoken, and no more fit; try again shortly.",
                self._seconds_to_a_place(),
            )
        self._places.add(place)
        self._line_up(place)

    def _seconds_to_a_place(self) -> int:
        nearest = min(place.left for place in self._places) * len(self._places)
        seconds = math.ceil(nearest * self._seconds_per_sentence)
        return min(max(seconds, 1), _LONGEST_RETRY_SECONDS)

    def _line_up(self, place: _Place) -> None:
        if place in self._places and not place.in_turn and place.ahead < AHEAD:
            self._turns.add(place.request.caller, place)
            self._changed.notify_all()

    def _work(self) -> None:
        while place := self._next():
            began = time.perf_counter()
            outcome = self._chunk_of(place)
            self._settle(place, outcome, time.perf_counter() - began)

    def _next(self) -> _Place | None:
        with self._changed:
            self._changed.wait_for(lambda: self._turns or not self._open)
            if not self._open:
                return None
            place = self._turns.take()
            place.in_turn = True
            return place

    def _chunk_of(self, place: _Place) -> Speech | Exception | None:
        """The next chunk, None if there is none, or what went wrong for this request alone."""
        request = place.request
        try:
            if place.chunks is None:
                place.waited = time.perf_counter() - place.admitted_at
                prompt = place.context.run(self._prompts.of, request.speaker)
                place.chunks = self._model.stream_prompted(
                    request.sentences, prompt, request.options
                )
            return place.context.run(next, place.chunks, None)
        except Exception as error:  # whatever it is, the other callers go on
            return error

    def _settle(self, place: _Place, outcome: Speech | Exception | None, seconds: float) -> None:
        with self._changed:
            place.in_turn = False
            place.busy += seconds
            if place not in self._places:
                return
            _deliver(place, outcome)
            if isinstance(outcome, Speech):
                self._note(seconds)
                place.left -= 1
                place.ahead += 1
            else:
                place.left = 0
            if not place.left:
                # The end is told with the last sentence, not a whole round of turns after it.
                _deliver(place, None)
                self._places.discard(place)
            self._line_up(place)

    def _note(self, seconds: float) -> None:
        known = self._seconds_per_sentence or seconds
        self._seconds_per_sentence = known + _SMOOTHING * (seconds - known)


def _deliver(place: _Place, item: Speech | Exception | None) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
        place.loop.call_soon_threadsafe(place.outbox.put_nowait, item)


def _stopping() -> UnavailableError:
    return UnavailableError("The server is stopping; try again in a moment.")
