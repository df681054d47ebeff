"""The semantic stage: one token after the other for the sentences of all callers together."""

import threading
import time
from collections.abc import Callable

from mynah.engine.model import SpeechModel
from mynah.engine.stage import Stage
from mynah.engine.talk import Talk, Utterance
from mynah.engine.turns import Turns
from mynah.errors import MynahError
from mynah.semantic.row import Row
from mynah.tracing import span

READ_AT_ONCE = 512
"""Phonemes and prompt tokens that are read between two steps, for which the other rows wait;
a longer sentence is read alone."""


class SemanticStage(Stage):
    """Draws tokens, step by step; sentences join and leave between any two steps.

    It rests while nobody needs tokens soon.

    Args:
        model: what draws.
        changed: the engine's lock.
        progressed: told of talks that have more tokens; with the lock held.
        failed: told of talks that cannot go on, and with which utterance.
    """

    def __init__(
        self,
        model: SpeechModel,
        changed: threading.Condition,
        progressed: Callable[[Talk], None],
        failed: Callable[[Talk, Exception, Utterance], None],
    ) -> None:
        super().__init__("semantic", changed)
        self._model = model
        self._batch = model.batch()
        self._progressed = progressed
        self._failed = failed
        self._turns: Turns[Utterance] = Turns()
        self._rows: dict[Row, Utterance] = {}

    def submit(self, utterance: Utterance) -> None:
        """Takes a sentence; with the lock held."""
        talk = utterance.talk
        self._turns.add(talk.request.caller, utterance, urgent=talk.prepared == 1)
        self._changed.notify_all()

    def withdraw(self, talk: Talk) -> None:
        """Forgets a talk; with the lock held. Its rows are free before the next step."""
        for utterance in talk.utterances:
            self._turns.discard(talk.request.caller, utterance)

    @property
    def _busy(self) -> bool:
        # While sound is what everybody waits for, the cores are better left to it.
        utterances = self._rows.values()
        wanted = (not (each.wanted and each.passage.supplied) for each in utterances)
        return bool(self._turns) or any(wanted)

    def _round(self) -> None:
        began = time.perf_counter()
        with self._changed:
            self._drop_left()
            joining = self._next()
        try:
            self._join(joining)
            self._batch.step()
        except Exception as error:  # nobody knows whose it is; later sentences go on
            self._fail_all(joining, error)
        with self._changed:
            self._report(time.perf_counter() - began)

    def _drop_left(self) -> None:
        for row, utterance in list(self._rows.items()):
            if not utterance.wanted:
                self._batch.leave(row)
                self._end(row, utterance)

    def _next(self) -> list[Utterance]:
        """Sentences that join now: as many as there is room for, and a bounded time to read."""
        joining: list[Utterance] = []
        length = 0
        while self._turns and len(joining) < self._batch.free and length < READ_AT_ONCE:
            utterance = self._turns.take()
            if not utterance.wanted:
                continue
            try:
                self._batch.validate(utterance.request)
            except MynahError as error:
                self._failed(utterance.talk, error, utterance)
                continue
            length += utterance.request.read
            joining.append(utterance)
        return joining

    def _join(self, joining: list[Utterance]) -> None:
        if not joining:
            return
        for utterance in joining:
            talk = utterance.talk
            if talk.waited is None:
                talk.waited = time.perf_counter() - talk.admitted_at
            utterance.context.run(utterance.traced.enter_context, span("semantic"))
        rows = self._batch.join([utterance.request for utterance in joining])
        self._rows.update(zip(rows, joining, strict=True))

    def _report(self, seconds: float) -> None:
        for row, utterance in list(self._rows.items()):
            passage, talk = utterance.passage, utterance.talk
            utterance.busy += seconds / len(self._rows)
            talk.busy += seconds / len(self._rows)
            passage.tokens.extend(row.tokens[len(passage.tokens) :])
            if row.ended:
                passage.ended = True
                self._end(row, utterance)
            if row.error:
                self._failed(talk, row.error, utterance)
            else:
                self._progressed(talk)

    def _end(self, row: Row, utterance: Utterance) -> None:
        utterance.context.run(utterance.traced.close)
        del self._rows[row]

    def _fail_all(self, joining: list[Utterance], error: Exception) -> None:
        hit = {*self._rows.values(), *joining}
        self._rows.clear()
        self._batch = self._model.batch()
        for utterance in hit:
            utterance.context.run(utterance.traced.close)
            self._failed(utterance.talk, error, utterance)
