"""The stage before the two: reads voices, and what the networks need to know of a sentence."""

import hashlib
import threading
from collections.abc import Callable

from mynah.engine.model import SpeechModel
from mynah.engine.prompts import Prompts
from mynah.engine.stage import Stage
from mynah.engine.talk import Talk, Utterance
from mynah.engine.turns import Turns


class ReadingStage(Stage):
    """Makes sentences of talks ready for the semantic stage, one at a time.

    It has a thread of its own so that a new voice does not stop everybody's tokens.

    Args:
        model: what reads.
        prompts: voices that were read before.
        changed: the engine's lock.
        prepared: takes what is ready.
        failed: told of talks whose next sentence cannot be spoken.
    """

    def __init__(
        self,
        model: SpeechModel,
        prompts: Prompts,
        changed: threading.Condition,
        prepared: Callable[[Utterance], None],
        failed: Callable[[Talk, Exception], None],
    ) -> None:
        super().__init__("reading", changed)
        self._model = model
        self._prompts = prompts
        self._prepared = prepared
        self._failed = failed
        self._turns: Turns[Talk] = Turns()

    def submit(self, talk: Talk) -> None:
        """Takes a talk whose next sentence is to be prepared; with the lock held."""
        talk.reading = True
        self._turns.add(talk.request.caller, talk, urgent=talk.prepared == 0)
        self._changed.notify_all()

    def withdraw(self, talk: Talk) -> None:
        """Forgets a talk; with the lock held."""
        self._turns.discard(talk.request.caller, talk)

    @property
    def _busy(self) -> bool:
        return bool(self._turns)

    def _round(self) -> None:
        with self._changed:
            if not self._turns:
                return
            talk = self._turns.take()
        try:
            utterance = talk.context.run(self._prepare, talk)
        except Exception as error:  # whatever it is, the other callers go on
            self._failed(talk, error)
        else:
            self._prepared(utterance)

    def _prepare(self, talk: Talk) -> Utterance:
        request, number = talk.request, talk.prepared
        prompt = talk.prompt = talk.prompt or self._prompts.of(request.speaker)
        sentence, seed = request.sentences[number], _seed_of(request.options.seed, number)
        asked, passage = self._model.prepare(sentence, prompt, request.options, seed)
        return Utterance(talk, sentence, asked, passage, talk.context.copy())


def _seed_of(seed: int, sentence: int) -> int:
    """A sentence's own seed, so that it sounds the same whatever precedes it is changed to."""
    digest = hashlib.blake2b(f"{seed}/{sentence}".encode(), digest_size=7).digest()
    return int.from_bytes(digest)
