"""The acoustic stage: tokens become sound, chunk by chunk, while the next ones are decoded."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mynah.engine.local.active_request import ActiveSentence
from mynah.engine.local.stage import StageThread
from mynah.errors import ModelError
from mynah.runtime.preemption import preempted_by
from mynah.runtime.tracing import span
from mynah.runtime.wait_policy import WaitPolicy

Wave = NDArray[np.float32]


class AcousticStage(StageThread):
    """Decodes chunks in turns, first chunks of requests before others.

    A later chunk that is being decoded gives way to first ones of other owners, to one of each.

    Args:
        batch_size: most chunks that are decoded at once.
        changed: the engine's lock.
        waiting: see `StageThread`.
        decoded: takes a chunk of a sentence, and the seconds that it took.
        failed: takes a sentence that cannot go on, and the error.
    """

    def __init__(
        self,
        batch_size: int,
        changed: threading.Condition,
        waiting: WaitPolicy,
        decoded: Callable[[ActiveSentence, Wave, float], None],
        failed: Callable[[ActiveSentence, Exception], None],
    ) -> None:
        super().__init__("acoustic", changed, waiting)
        self._batch_size = batch_size
        self._decoded = decoded
        self._failed = failed

    def submit(self, sentence: ActiveSentence) -> None:
        """Take a sentence of which a chunk can be decoded; with the lock held."""
        self._enqueue(sentence, urgent=_is_urgent(sentence))

    @property
    def _busy(self) -> bool:
        return bool(self._queue)

    def _round(self) -> None:
        alike: defaultdict[Hashable, list[ActiveSentence]] = defaultdict(list)
        for sentence in self._next():
            alike[sentence.prepared.model.sovits].append(sentence)
        for sentences in alike.values():
            if any(_is_urgent(sentence) for sentence in sentences):
                self._run(sentences)
                continue
            owners = {sentence.owner for sentence in sentences}
            with preempted_by(partial(self._run_urgent, owners)):
                self._run(sentences)

    def _next(self) -> list[ActiveSentence]:
        sentences: list[ActiveSentence] = []
        with self._changed:
            while len(sentences) < self._batch_size and (sentence := self._queue.take()):
                sentence.request.chunks_decoding += 1
                sentences.append(sentence)
        return sentences

    def _run_urgent(self, served: set[str]) -> None:
        """Decode a first chunk of each owner who is not served yet, if one waits."""
        while sentence := self._next_urgent(served):
            served.add(sentence.owner)
            self._run([sentence])

    def _next_urgent(self, served: set[str]) -> ActiveSentence | None:
        with self._changed:
            sentence = self._queue.take_urgent(served)
            if sentence:
                sentence.request.chunks_decoding += 1
            return sentence

    def _run(self, sentences: list[ActiveSentence]) -> None:
        """Decode a chunk of sentences of the same network."""
        began = time.perf_counter()
        try:
            waves = self._decode(sentences)
        except Exception as error:  # nobody knows whose it is; other requests go on
            self._settle(sentences, [error] * len(sentences), 0.0)
        else:
            seconds = (time.perf_counter() - began) / len(sentences)
            self._settle(sentences, waves, seconds)

    def _decode(self, sentences: list[ActiveSentence]) -> list[Wave]:
        with ExitStack() as traced:
            for sentence in sentences:
                context, spans = sentence.request.context.copy(), ExitStack()
                context.run(spans.enter_context, span("acoustic"))
                traced.callback(context.run, spans.close)
            acoustic = sentences[0].prepared.model.acoustic
            return acoustic.decode([sentence.prepared.stream for sentence in sentences])

    def _settle(
        self, sentences: list[ActiveSentence], outcomes: Sequence[Wave | Exception], seconds: float
    ) -> None:
        with self._changed:
            for sentence, outcome in zip(sentences, outcomes, strict=True):
                sentence.request.chunks_decoding -= 1
                if isinstance(outcome, Exception):
                    self._failed(sentence, outcome)
                elif np.isfinite(outcome).all():
                    self._decoded(sentence, outcome, seconds)
                else:
                    self._failed(sentence, ModelError.not_finite())


def _is_urgent(sentence: ActiveSentence) -> bool:
    """True if its caller has heard nothing yet."""
    return not sentence.request.chunks_taken
