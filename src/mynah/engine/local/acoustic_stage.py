"""The acoustic stage: tokens become sound, piece by piece, while the next ones are drawn."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from mynah.engine.local.active_request import ActiveRequest, ActiveSentence
from mynah.engine.local.fair_queue import FairQueue
from mynah.engine.local.stage import StageThread
from mynah.errors import ModelError
from mynah.runtime.tracing import span
from mynah.runtime.wait_policy import WaitPolicy

Wave = NDArray[np.float32]


class AcousticStage(StageThread):
    """Decodes pieces in turns, and those of talks that nothing was heard of yet before others.

    Args:
        together: most pieces that are decoded at once.
        changed: the engine's lock.
        waiting: see `StageThread`.
        sounded: takes a piece of an utterance, and the seconds that it took.
        failed: told of talks that cannot go on, and with which utterance.
    """

    def __init__(
        self,
        together: int,
        changed: threading.Condition,
        waiting: WaitPolicy,
        sounded: Callable[[ActiveSentence, Wave, float], None],
        failed: Callable[[ActiveRequest, Exception, ActiveSentence], None],
    ) -> None:
        super().__init__("acoustic", changed, waiting)
        self._together = together
        self._sounded = sounded
        self._failed = failed
        self._turns: FairQueue[ActiveRequest] = FairQueue()

    def submit(self, talk: ActiveRequest) -> None:
        """Takes a talk of which a piece can be decoded; with the lock held."""
        self._turns.add(talk.request.caller, talk, urgent=talk.silent)
        self._changed.notify_all()

    def withdraw(self, talk: ActiveRequest) -> None:
        """Forgets a talk; with the lock held."""
        self._turns.discard(talk.request.caller, talk)

    @property
    def _busy(self) -> bool:
        return bool(self._turns)

    def _round(self) -> None:
        alike: defaultdict[Hashable, list[ActiveSentence]] = defaultdict(list)
        for utterance in self._next():
            alike[utterance.model.sovits].append(utterance)
        for utterances in alike.values():
            self._sound(utterances)

    def _sound(self, utterances: list[ActiveSentence]) -> None:
        """Decodes pieces of the same network."""
        began = time.perf_counter()
        try:
            waves = self._decode(utterances)
        except Exception as error:  # nobody knows whose it is; other talks go on
            self._settle(utterances, [error] * len(utterances), 0.0)
        else:
            seconds = (time.perf_counter() - began) / len(utterances)
            self._settle(utterances, waves, seconds)

    def _next(self) -> list[ActiveSentence]:
        utterances: list[ActiveSentence] = []
        with self._changed:
            while self._turns and len(utterances) < self._together:
                talk = self._turns.take()
                if talk.may_sound:
                    talk.sounding = True
                    utterances.append(talk.utterances[0])
        return utterances

    def _decode(self, utterances: list[ActiveSentence]) -> list[Wave]:
        with ExitStack() as traced:
            for utterance in utterances:
                context, spans = utterance.talk.context.copy(), ExitStack()
                context.run(spans.enter_context, span("acoustic"))
                traced.callback(context.run, spans.close)
            return utterances[0].model.decode([utterance.passage for utterance in utterances])

    def _settle(
        self, utterances: list[ActiveSentence], outcomes: Sequence[Wave | Exception], seconds: float
    ) -> None:
        with self._changed:
            for utterance, outcome in zip(utterances, outcomes, strict=True):
                utterance.talk.sounding = False
                if isinstance(outcome, Exception):
                    self._failed(utterance.talk, outcome, utterance)
                elif np.isfinite(outcome).all():
                    self._sounded(utterance, outcome, seconds)
                else:
                    self._failed(utterance.talk, ModelError.not_finite(), utterance)
