"""What is drawn with one GPT: sentences of any callers, all a token further at every step."""

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from mynah.engine.local.active_request import ActiveRequest, ActiveSentence
from mynah.engine.local.fair_queue import FairQueue
from mynah.engine.local.stage import StageThread
from mynah.engine.speech_model import SpeechModel
from mynah.errors import MynahError
from mynah.runtime.tracing import span
from mynah.runtime.wait_policy import WaitPolicy
from mynah.semantic.batch import Batch
from mynah.semantic.sequence import TokenSequence


@dataclass(frozen=True, slots=True, eq=False)
class RunningBatch:
    """A batch and the sentences in it.

    Attributes:
        batch: rows of the same weights.
        utterances: whose they are.
    """

    batch: Batch
    utterances: dict[TokenSequence, ActiveSentence] = field(default_factory=dict)

    @property
    def wanted(self) -> bool:
        """Whether somebody needs tokens soon, or has left."""
        utterances = self.utterances.values()
        return any(
            not (each.wanted and (each.passage.has_lookahead or each.rests)) for each in utterances
        )

    def join(self, joining: Sequence[ActiveSentence]) -> None:
        """Reads sentences and draws their first tokens."""
        for utterance in joining:
            talk = utterance.talk
            if talk.waited is None:
                talk.waited = time.perf_counter() - talk.admitted_at
            utterance.context.run(utterance.traced.enter_context, span("semantic"))
        rows = self.batch.join([utterance.request for utterance in joining])
        self.utterances.update(zip(rows, joining, strict=True))

    def drop_left(self) -> None:
        """Ends sentences that nobody waits for."""
        for row, utterance in list(self.utterances.items()):
            if not utterance.wanted:
                self.batch.leave(row)
                self.end(row)

    def end(self, row: TokenSequence) -> None:
        """A row is out of the batch."""
        utterance = self.utterances.pop(row)
        utterance.context.run(utterance.traced.close)


READ_AT_ONCE = 512
"""Phonemes and prompt tokens that are read between two steps, for which the other rows wait;
a longer sentence is read alone."""


class SemanticStage(StageThread):
    """Draws tokens, step by step; sentences join and leave between any two steps.

    Sentences of the same GPT are drawn together. Those of different ones cannot share the reading
    of any weights, so they take steps in turn. The stage rests while nobody needs tokens soon.

    Args:
        model: what draws where nothing is trained.
        changed: the engine's lock.
        waiting: see `StageThread`.
        progressed: told of talks that have more tokens; with the lock held.
        failed: told of talks that cannot go on, and with which utterance.
    """

    def __init__(
        self,
        model: SpeechModel,
        changed: threading.Condition,
        waiting: WaitPolicy,
        progressed: Callable[[ActiveRequest], None],
        failed: Callable[[ActiveRequest, Exception, ActiveSentence], None],
    ) -> None:
        super().__init__("semantic", changed, waiting, model.step_threads)
        self._model = model
        self._progressed = progressed
        self._failed = failed
        self._turns: FairQueue[ActiveSentence] = FairQueue()
        self._drawings = OrderedDict[Hashable, RunningBatch](
            {model.gpt: RunningBatch(model.batch())}
        )

    @property
    def drawn(self) -> int:
        """Sentences whose tokens are being drawn."""
        # A copy: whoever asks may be in another thread while the stage adds or drops one.
        return sum(len(drawing.utterances) for drawing in list(self._drawings.values()))

    def submit(self, utterance: ActiveSentence) -> None:
        """Takes a sentence; with the lock held."""
        talk = utterance.talk
        self._turns.add(talk.request.caller, utterance, urgent=talk.prepared == 1)
        self._changed.notify_all()

    def withdraw(self, talk: ActiveRequest) -> None:
        """Forgets a talk; with the lock held. Its rows are free before the next step."""
        for utterance in talk.utterances:
            self._turns.discard(talk.request.caller, utterance)

    @property
    def _busy(self) -> bool:
        # While sound is what everybody waits for, the cores are better left to it.
        return bool(self._turns) or any(each.wanted for each in self._drawings.values())

    def _round(self) -> None:
        with self._changed:
            for drawing in self._drawings.values():
                drawing.drop_left()
            joining = self._next()
        for gpt, utterances in joining.items():
            self._advance(gpt, partial(self._drawings[gpt].join, utterances), utterances)
        with self._changed:
            gpt = self._whose_turn()
        if gpt in self._drawings:
            self._advance(gpt, self._drawings[gpt].batch.step)
        self._drop_empty()

    def _next(self) -> Mapping[Hashable, list[ActiveSentence]]:
        """Sentences that join now: as many as there is room for, and a bounded time to read."""
        joining: defaultdict[Hashable, list[ActiveSentence]] = defaultdict(list)
        room = self._model.rows - self.drawn
        length = 0
        while self._turns and room > 0 and length < READ_AT_ONCE:
            utterance = self._turns.take()
            if not utterance.wanted:
                continue
            try:
                self._drawing_of(utterance.model).batch.validate(utterance.request)
            except MynahError as error:
                self._failed(utterance.talk, error, utterance)
                continue
            length += utterance.request.prefill_length
            room -= 1
            joining[utterance.model.gpt].append(utterance)
        return joining

    def _drawing_of(self, model: SpeechModel) -> RunningBatch:
        if model.gpt not in self._drawings:
            self._drawings[model.gpt] = RunningBatch(model.batch())
        return self._drawings[model.gpt]

    def _whose_turn(self) -> Hashable:
        """The GPT that steps next: in a circle, those that are waited for before others."""
        drawing = [gpt for gpt, each in self._drawings.items() if each.utterances]
        wanted = [gpt for gpt in drawing if self._drawings[gpt].wanted]
        gpt = next(iter(wanted or drawing), None)
        if gpt is not None:
            self._drawings.move_to_end(gpt)
        return gpt

    def _drop_empty(self) -> None:
        """Gives back the memory of versions' batches; the model's own stays for who comes next."""
        for gpt, drawing in list(self._drawings.items()):
            if not drawing.utterances and gpt is not self._model.gpt:
                del self._drawings[gpt]

    def _advance(
        self, gpt: Hashable, act: Callable[[], None], joining: Sequence[ActiveSentence] = ()
    ) -> None:
        began = time.perf_counter()
        try:
            act()
        except Exception as error:  # nobody knows whose it is; later sentences go on
            self._fail_all(gpt, joining, error)
        else:
            with self._changed:
                self._report(self._drawings[gpt], time.perf_counter() - began)

    def _report(self, drawing: RunningBatch, seconds: float) -> None:
        share = seconds / max(1, len(drawing.utterances))
        for row, utterance in list(drawing.utterances.items()):
            passage, talk = utterance.passage, utterance.talk
            utterance.busy += share
            talk.busy += share
            passage.tokens.extend(row.tokens[len(passage.tokens) :])
            if row.ended:
                passage.ended = True
                drawing.end(row)
            if row.error:
                self._failed(talk, row.error, utterance)
            else:
                self._progressed(talk)

    def _fail_all(self, gpt: Hashable, joining: Sequence[ActiveSentence], error: Exception) -> None:
        drawing = self._drawings.pop(gpt)
        for utterance in {*drawing.utterances.values(), *joining}:
            utterance.context.run(utterance.traced.close)
            self._failed(utterance.talk, error, utterance)
