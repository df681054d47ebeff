"""The engine's door for servers: a bounded queue, with chunks that arrive on an event loop."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Self

from mynah.audio.speech import Speech
from mynah.engine.engine import EngineStats
from mynah.engine.local.active_request import ActiveRequest
from mynah.engine.local.scheduler import PROMPT_BYTES, VERSION_BYTES, Scheduler
from mynah.engine.request import SynthesisRequest
from mynah.engine.speech_model import SpeechModel
from mynah.errors import DeadlineError
from mynah.options import SpeechOptions


class ChunkStream:
    """The chunks of one request, in order; whoever stops early must `close` it.

    Attributes are final when the stream has ended.
    """

    def __init__(self, pipeline: Scheduler, request: SynthesisRequest, deadline: float) -> None:
        self._pipeline = pipeline
        self._loop = asyncio.get_running_loop()
        self._outbox: asyncio.Queue[Speech | Exception | None] = asyncio.Queue()
        self._talk = ActiveRequest(request, self._deliver)
        self._first_chunk: float | None = None
        pipeline.begin(self._talk)
        self._timer = self._loop.call_later(deadline, self._expire, deadline)

    @property
    def waited_seconds(self) -> float:
        """From admission to the first turn."""
        return self._talk.waited or 0.0

    @property
    def first_chunk_seconds(self) -> float:
        """From admission until the engine had the first chunk ready."""
        return self._first_chunk or 0.0

    @property
    def busy_seconds(self) -> float:
        """Time for which the model worked."""
        return self._talk.busy

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Speech:
        """The next chunk.

        Raises:
            MynahError: whatever speaking this request raised.
            DeadlineError: it took too long.
        """
        item = await self._outbox.get()
        if isinstance(item, Speech):
            # Only when the caller has done what it does with the chunk: that needs the cores, too.
            self._loop.call_soon(self._pipeline.taken, self._talk)
            return item
        self.close()
        raise item or StopAsyncIteration

    def close(self) -> None:
        """Gives the place up at once; what is in the works for it is thrown away."""
        self._timer.cancel()
        self._pipeline.leave(self._talk)
        self._outbox.put_nowait(None)

    def _deliver(self, item: Speech | Exception | None) -> None:
        if self._first_chunk is None:
            self._first_chunk = time.perf_counter() - self._talk.admitted_at
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._outbox.put_nowait, item)

    def _expire(self, deadline: float) -> None:
        late = f"The speech was not finished within {deadline:g} s; send a shorter text."
        self._outbox.put_nowait(DeadlineError(late))
        self.close()


class LocalEngine:
    """Speaks for many callers with one model and its trained versions.

    Submit from a running event loop; chunks arrive on it.

    Args:
        model: what speaks.
        size: most requests that are admitted at a time.
        deadline: seconds that a request may take from its admission to its last chunk.
        prompt_bytes: memory for voices that stay ready to speak.
        version_bytes: memory for trained versions of them; see `VersionStore`.
    """

    def __init__(
        self,
        model: SpeechModel,
        *,
        size: int = 64,
        deadline: float = 300.0,
        prompt_bytes: int = PROMPT_BYTES,
        version_bytes: int = VERSION_BYTES,
    ) -> None:
        self.size = size
        self._model = model
        self._deadline = deadline
        self._pipeline = Scheduler(
            model, size=size, prompt_bytes=prompt_bytes, version_bytes=version_bytes
        )

    @property
    def sample_rate(self) -> int:
        """Samples per second of all speech."""
        return self._model.sample_rate

    @property
    def warnings(self) -> Sequence[str]:
        """What all speech lacks because a part of the model is missing, a line in ASCII each."""
        return self._model.warnings

    def resolve(self, options: SpeechOptions) -> SpeechOptions:
        """The options, with the model's own where none were chosen."""
        return self._model.resolve(options)

    @property
    def alive(self) -> bool:
        """Whether requests are worked on."""
        return self._pipeline.alive

    def submit(self, request: SynthesisRequest) -> ChunkStream:
        """Admits a request.

        Raises:
            QueueFullError: the queue is full; it says when to come back.
            UnavailableError: the queue is closed.
        """
        return ChunkStream(self._pipeline, request, self._deadline)

    def stats(self) -> EngineStats:
        """What the queue holds now."""
        return self._pipeline.stats()

    def close(self) -> None:
        """Ends the work after the present round; requests that are not finished fail."""
        self._pipeline.close()
