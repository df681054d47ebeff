"""The semantic stage: sentences of any owners in one batch, a token each at every step."""

import threading
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from mynah.engine.local.active_request import ActiveRequest, ActiveSentence, SentenceState
from mynah.engine.local.schedule import may_rest
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
        batch: sequences of the same weights.
        sentences: by their sequences.
    """

    batch: Batch
    sentences: dict[TokenSequence, ActiveSentence] = field(default_factory=dict)

    @property
    def needed(self) -> bool:
        """True if somebody needs tokens soon, or has left."""
        return not all(map(may_rest, self.sentences.values()))

    def join(self, joining: Sequence[ActiveSentence]) -> None:
        """Prefill sentences and sample their first tokens."""
        for sentence in joining:
            request = sentence.request
            if request.waited is None:
                request.waited = time.perf_counter() - request.admitted_at
            sentence.context.run(sentence.traced.enter_context, span("semantic"))
        sequences = self.batch.join([sentence.prepared.semantic for sentence in joining])
        self.sentences.update(zip(sequences, joining, strict=True))

    def drop_done(self) -> None:
        """Free the slots of sentences that nobody waits for."""
        for sequence, sentence in list(self.sentences.items()):
            if sentence.state is SentenceState.DONE:
                self.batch.leave(sequence)
                self.end(sequence)

    def end(self, sequence: TokenSequence) -> None:
        """Forget a sequence that is out of the batch."""
        sentence = self.sentences.pop(sequence)
        sentence.context.run(sentence.traced.close)


READ_AT_ONCE = 512
"""Phonemes and prompt tokens that are prefilled between two steps, while the other sequences wait;
a longer sentence is prefilled alone."""

SPARED = 8
"""One row in so many is never taken by an owner who has all others, so that the next owner need not
wait until a long sentence, or one that nobody listens to, has ended."""


class SemanticStage(StageThread):
    """Decodes tokens, step by step; sentences join and leave between any two steps.

    Sentences of the same GPT share a batch. Those of different ones cannot share the reading
    of any weights, so they take steps in turn. The stage rests while nobody needs tokens soon.

    Args:
        model: the model without trained versions.
        changed: the engine's lock.
        waiting: see `StageThread`.
        progressed: takes requests that have more tokens; with the lock held.
        failed: takes a sentence that cannot go on, and the error.
    """

    def __init__(
        self,
        model: SpeechModel,
        changed: threading.Condition,
        waiting: WaitPolicy,
        progressed: Callable[[Collection[ActiveRequest]], None],
        failed: Callable[[ActiveSentence, Exception], None],
    ) -> None:
        super().__init__("semantic", changed, waiting, model.step_threads)
        self._model = model
        self._progressed = progressed
        self._failed = failed
        self._batches = OrderedDict[Hashable, RunningBatch](
            {model.gpt: RunningBatch(model.batch())}
        )

    @property
    def batch_size(self) -> int:
        """Sentences whose tokens are being decoded."""
        # A copy: whoever asks may be in another thread while the stage adds or drops one.
        return sum(len(running.sentences) for running in list(self._batches.values()))

    def submit(self, sentence: ActiveSentence) -> None:
        """Take a sentence; with the lock held."""
        self._enqueue(sentence, urgent=sentence.number == 0)

    @property
    def _busy(self) -> bool:
        # While sound is what everybody waits for, the cores are better left to it.
        return bool(self._queue) or any(running.needed for running in self._batches.values())

    def _round(self) -> None:
        with self._changed:
            for running in self._batches.values():
                running.drop_done()
            joining = self._next()
        for gpt, sentences in joining.items():
            self._advance(gpt, partial(self._batches[gpt].join, sentences), sentences)
        with self._changed:
            gpt = self._whose_turn()
        if gpt in self._batches:
            self._advance(gpt, self._batches[gpt].batch.step)
        self._drop_empty()

    def _next(self) -> Mapping[Hashable, list[ActiveSentence]]:
        """Sentences that join now: as many as there is room for, and a bounded time to read."""
        joining: defaultdict[Hashable, list[ActiveSentence]] = defaultdict(list)
        rows = self._model.rows
        held = self._rows_held()
        most = rows - rows // SPARED
        length = 0
        while held.total() < rows and length < READ_AT_ONCE:
            sentence = self._queue.take({owner for owner in held if held[owner] >= most})
            if sentence is None:
                break
            prepared = sentence.prepared
            try:
                self._batch_of(prepared.model).batch.validate(prepared.semantic)
            except MynahError as error:
                self._failed(sentence, error)
                continue
            sentence.enter(SentenceState.DECODING)
            length += prepared.semantic.prefill_length
            held[sentence.owner] += 1
            joining[prepared.model.gpt].append(sentence)
        return joining

    def _rows_held(self) -> Counter[str]:
        """Number of rows of each owner."""
        batches = self._batches.values()
        return Counter(each.owner for running in batches for each in running.sentences.values())

    def _batch_of(self, model: SpeechModel) -> RunningBatch:
        if model.gpt not in self._batches:
            self._batches[model.gpt] = RunningBatch(model.batch())
        return self._batches[model.gpt]

    def _whose_turn(self) -> Hashable:
        """The GPT that steps next: in a circle, those that are waited for before others."""
        filled = [gpt for gpt, each in self._batches.items() if each.sentences]
        needed = [gpt for gpt in filled if self._batches[gpt].needed]
        gpt = next(iter(needed or filled), None)
        if gpt is not None:
            self._batches.move_to_end(gpt)
        return gpt

    def _drop_empty(self) -> None:
        """Free the batches of versions; the model's own is kept."""
        for gpt, running in list(self._batches.items()):
            if not running.sentences and gpt is not self._model.gpt:
                del self._batches[gpt]

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
                self._report(self._batches[gpt], time.perf_counter() - began)

    def _report(self, running: RunningBatch, seconds: float) -> None:
        share = seconds / max(1, len(running.sentences))
        progressed: dict[ActiveRequest, None] = {}
        for sequence, sentence in list(running.sentences.items()):
            stream = sentence.prepared.stream
            sentence.busy += share
            sentence.request.busy += share
            stream.tokens.extend(sequence.tokens[len(stream.tokens) :])
            if sequence.ended:
                stream.ended = True
                running.end(sequence)
            if sentence.state is SentenceState.DONE:  # its caller left during the step
                continue
            if sequence.error:
                self._failed(sentence, sequence.error)
                continue
            if sequence.ended:
                sentence.enter(SentenceState.DRAINING)
            progressed[sentence.request] = None
        self._progressed(progressed)

    def _fail_all(self, gpt: Hashable, joining: Sequence[ActiveSentence], error: Exception) -> None:
        running = self._batches.pop(gpt)
        for sentence in {*running.sentences.values(), *joining}:
            sentence.context.run(sentence.traced.close)
            self._failed(sentence, error)
