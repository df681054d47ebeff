"""The stage before the two: loads versions, reads voices, and tells the networks of sentences."""

import hashlib
import threading
from collections.abc import Callable

from mynah.engine.local.active_request import ActiveRequest, ActiveSentence
from mynah.engine.local.fair_queue import FairQueue
from mynah.engine.local.loaded_versions import LoadedVersions
from mynah.engine.local.sized_lru import SizedLRU
from mynah.engine.local.stage import StageThread
from mynah.engine.speech_model import SpeechModel
from mynah.runtime.threads import run_in_temporary_thread
from mynah.runtime.wait_policy import WaitPolicy
from mynah.voice.prompt import Prompt


class PreparationStage(StageThread):
    """Makes sentences of talks ready for the semantic stage, one at a time.

    It has a thread of its own so that a new voice does not stop everybody's tokens. Talks whose
    version may have to be loaded come after all that is quickly read, and enter one by one, so
    that those with a version at hand do not keep the others out.

    Args:
        versions: what speaks.
        prompts: voices that were read before.
        changed: the engine's lock.
        waiting: see `StageThread`.
        prepared: takes what is ready.
        failed: told of talks whose next sentence cannot be spoken.
    """

    def __init__(
        self,
        versions: LoadedVersions,
        prompts: SizedLRU[Prompt],
        changed: threading.Condition,
        waiting: WaitPolicy,
        prepared: Callable[[ActiveSentence], None],
        failed: Callable[[ActiveRequest, Exception], None],
    ) -> None:
        super().__init__("reading", changed, waiting)
        self._versions = versions
        self._prompts = prompts
        self._prepared = prepared
        self._failed = failed
        self._turns: FairQueue[ActiveRequest] = FairQueue()
        self._newcomers: FairQueue[ActiveRequest] = FairQueue()
        self._next_in: ActiveRequest | None = None

    def submit(self, talk: ActiveRequest) -> None:
        """Takes a talk whose next sentence is to be prepared; with the lock held."""
        talk.reading = True
        turns = self._turns if self._versions.holds(talk) else self._newcomers
        turns.add(talk.request.caller, talk, urgent=talk.prepared == 0)
        self._changed.notify_all()

    def withdraw(self, talk: ActiveRequest) -> None:
        """Forgets a talk; with the lock held. Its version may give way to others now."""
        for turns in (self._turns, self._newcomers):
            turns.discard(talk.request.caller, talk)
        if self._next_in is talk:
            self._next_in = None
        self._versions.release(talk)

    @property
    def _busy(self) -> bool:
        return bool(self._turns) or self._may_enter()

    def _may_enter(self) -> bool:
        """Whether there is room for the version of the next newcomer."""
        if self._next_in is None and self._newcomers:
            self._next_in = self._newcomers.take()
        return self._next_in is not None and self._versions.room_for(self._next_in)

    def _round(self) -> None:
        with self._changed:
            talk = self._next()
        if talk is None:
            return
        try:
            utterance = run_in_temporary_thread(talk.context.run, self._prepare, talk)
        except Exception as error:  # whatever it is, the other callers go on
            self._failed(talk, error)
        else:
            self._prepared(utterance)

    def _next(self) -> ActiveRequest | None:
        if self._turns:
            return self._turns.take()
        if not self._may_enter():
            return None
        talk, self._next_in = self._next_in, None
        if talk:
            self._versions.hold(talk)
        return talk

    def _prepare(self, talk: ActiveRequest) -> ActiveSentence:
        request, number = talk.request, talk.prepared
        model = self._versions.model_of(talk)
        prompt = talk.prompt = talk.prompt or self._prompt(talk, model)
        sentence, seed = request.sentences[number], _seed_of(request.options.seed, number)
        asked, passage = model.prepare(sentence, prompt, request.options, seed, first=number == 0)
        return ActiveSentence(talk, model, sentence, asked, passage, talk.context.copy())

    def _prompt(self, talk: ActiveRequest, model: SpeechModel) -> Prompt:
        voice = talk.request.voice
        return self._prompts.get(voice.key, lambda: model.read(talk.voices.voice(voice)))


def _seed_of(seed: int, sentence: int) -> int:
    """A sentence's own seed, so that it sounds the same whatever precedes it is changed to."""
    digest = hashlib.blake2b(f"{seed}/{sentence}".encode(), digest_size=7).digest()
    return int.from_bytes(digest)
