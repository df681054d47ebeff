"""What is drawn with one GPT: sentences of any callers, all a token further at every step."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from mynah.engine.talk import Utterance
from mynah.runtime.tracing import span
from mynah.semantic.batch import Batch
from mynah.semantic.sequence import TokenSequence


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A batch and the sentences in it.

    Attributes:
        batch: rows of the same weights.
        utterances: whose they are.
    """

    batch: Batch
    utterances: dict[TokenSequence, Utterance] = field(default_factory=dict)

    @property
    def wanted(self) -> bool:
        """Whether somebody needs tokens soon, or has left."""
        utterances = self.utterances.values()
        return any(
            not (each.wanted and (each.passage.has_lookahead or each.rests)) for each in utterances
        )

    def join(self, joining: Sequence[Utterance]) -> None:
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
