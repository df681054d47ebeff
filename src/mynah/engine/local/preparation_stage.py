"""The preparation stage: loads versions, reads voices, and encodes sentences for the networks."""

import hashlib
import threading
from collections.abc import Callable

from mynah.engine.local.active_request import ActiveRequest, ActiveSentence, PreparedSentence
from mynah.engine.local.loaded_versions import LoadedVersions
from mynah.engine.local.sized_lru import SizedLRU
from mynah.engine.local.stage import StageThread
from mynah.engine.speech_model import SpeechModel
from mynah.runtime.fair_queue import FairQueue
from mynah.runtime.threads import run_in_temporary_thread
from mynah.runtime.wait_policy import WaitPolicy
from mynah.voice.prompt import PreparedVoice


class PreparationStage(StageThread):
    """Makes sentences ready for the semantic stage, one at a time.

    It has a thread of its own so that a new voice does not delay everybody's tokens. Requests whose
    version may have to be loaded come after all that is prepared fast, and enter one by one, so
    that those with a version in memory do not starve the others.

    Args:
        versions: models that speak.
        prompts: voices that were read before.
        changed: the engine's lock.
        waiting: see `StageThread`.
        prepared: takes a sentence that is ready, and its form for the stages.
        failed: takes a sentence that cannot be spoken, and the error.
    """

    def __init__(
        self,
        versions: LoadedVersions,
        prompts: SizedLRU[PreparedVoice],
        changed: threading.Condition,
        waiting: WaitPolicy,
        prepared: Callable[[ActiveSentence, PreparedSentence], None],
        failed: Callable[[ActiveSentence, Exception], None],
    ) -> None:
        super().__init__("preparation", changed, waiting)
        self._versions = versions
        self._prompts = prompts
        self._prepared = prepared
        self._failed = failed
        self._to_load: FairQueue[ActiveSentence] = FairQueue()
        self._next_to_load: ActiveSentence | None = None

    def submit(self, sentence: ActiveSentence) -> None:
        """Take the next sentence of a request; with the lock held."""
        if self._versions.holds(sentence.request):
            self._enqueue(sentence, urgent=sentence.number == 0)
        else:
            self._to_load.add(sentence.owner, sentence, urgent=True)
            self._changed.notify_all()

    def withdraw(self, sentence: ActiveSentence) -> None:
        super().withdraw(sentence)
        self._to_load.discard(sentence.owner, sentence)
        if self._next_to_load is sentence:
            self._next_to_load = None

    @property
    def _busy(self) -> bool:
        return bool(self._queue) or self._load_fits()

    def _load_fits(self) -> bool:
        """True if there is room for the version of the next sentence to load."""
        if self._next_to_load is None and self._to_load:
            self._next_to_load = self._to_load.take()
        sentence = self._next_to_load
        return sentence is not None and self._versions.room_for(sentence.request)

    def _round(self) -> None:
        with self._changed:
            sentence = self._next()
        if sentence is None:
            return
        try:
            context = sentence.request.context
            prepared = run_in_temporary_thread(context.run, self._prepare, sentence)
        except Exception as error:  # whatever it is, the other callers go on
            self._failed(sentence, error)
        else:
            self._prepared(sentence, prepared)

    def _next(self) -> ActiveSentence | None:
        if self._queue:
            return self._queue.take()
        if not self._load_fits():
            return None
        sentence, self._next_to_load = self._next_to_load, None
        if sentence:
            self._versions.hold(sentence.request)
        return sentence

    def _prepare(self, sentence: ActiveSentence) -> PreparedSentence:
        request, number = sentence.request, sentence.number
        options = request.request.options
        model = self._versions.model_of(request)
        prompt = request.prompt = request.prompt or self._prompt(request, model)
        seed = _seed_of(options.seed, number)
        semantic, stream = model.prepare(
            sentence.sentence, prompt, options, seed, first=number == 0
        )
        return PreparedSentence(model, semantic, stream)

    def _prompt(self, request: ActiveRequest, model: SpeechModel) -> PreparedVoice:
        voice = request.request.voice
        return self._prompts.get(voice.key, lambda: model.read(request.voices.voice(voice)))


def _seed_of(seed: int, sentence: int) -> int:
    """A sentence's own seed, so that it sounds the same whatever precedes it is changed to."""
    digest = hashlib.blake2b(f"{seed}/{sentence}".encode(), digest_size=7).digest()
    return int.from_bytes(digest)
