"""Base of the stages: a thread, a fair queue of sentences, and the engine's lock."""

import threading
from abc import ABC, abstractmethod

from mynah.engine.local.active_request import ActiveSentence
from mynah.runtime.fair_queue import FairQueue
from mynah.runtime.threads import set_thread_count
from mynah.runtime.wait_policy import WaitPolicy


class StageThread(ABC):
    """A thread that works in rounds while there is something to do.

    Args:
        name: of the thread.
        changed: the engine's lock, told of everything that may be work for somebody.
        waiting: adapts to the load between rounds.
        threads: with which its networks compute; as many as there are if not given.
    """

    def __init__(
        self,
        name: str,
        changed: threading.Condition,
        waiting: WaitPolicy,
        threads: int | None = None,
    ) -> None:
        self._changed = changed
        self._waiting = waiting
        self._threads = threads
        self._queue: FairQueue[ActiveSentence] = FairQueue()
        self._open = True
        self._threads_set = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """True while it works on what it is given."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; its number of OpenMP threads is set when this returns."""
        self._thread.start()
        self._threads_set.wait()

    def close(self) -> None:
        """End after the present round."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def withdraw(self, sentence: ActiveSentence) -> None:
        """Forget a sentence that waits; with the lock held."""
        self._queue.discard(sentence.owner, sentence)

    def _enqueue(self, sentence: ActiveSentence, *, urgent: bool) -> None:
        if self._queue.add(sentence.owner, sentence, urgent=urgent):
            self._changed.notify_all()

    @property
    @abstractmethod
    def _busy(self) -> bool:
        """True if there is something to do; asked with the lock held."""

    @abstractmethod
    def _round(self) -> None:
        """Do some of the work."""

    def _work(self) -> None:
        if self._threads:
            set_thread_count(self._threads)
        self._threads_set.set()
        while self._await():
            self._waiting.observe()
            self._round()

    def _await(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._busy or not self._open)
            return self._open
