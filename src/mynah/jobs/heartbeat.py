"""Heartbeat of a lease: a thread that renews it, and notes when the work must stop."""

import logging
import threading
import time
from typing import Self

from mynah.jobs.leases import Lease, LeaseLostError, Leases
from mynah.storage.outages import DATABASE_ERRORS

SHARE = 4
"""Heartbeats in the time of a lease."""
LONGEST_PAUSE = 2.0
"""Seconds: a caller who cancels does not wait longer than that for anything to happen."""

_log = logging.getLogger(__name__)


class Heartbeat:
    """Renews a lease while it is entered.

    Args:
        leases: of the database.
        lease: to renew.
        stopping: set when this process is to end.
    """

    def __init__(self, leases: Leases, lease: Lease, stopping: threading.Event) -> None:
        self._leases = leases
        self._lease = lease
        self._stopping = stopping
        self._ended = threading.Event()
        self._cancelled = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    @property
    def cancelled(self) -> bool:
        """True if the job's cancellation was requested."""
        return self._cancelled.is_set()

    @property
    def lost(self) -> bool:
        """True if another worker may have the lease."""
        return self._lost.is_set()

    def should_stop(self) -> bool:
        """True if the work is to stop early, for whatever reason."""
        return self.cancelled or self.lost or self._stopping.is_set()

    def __enter__(self) -> Self:
        if self._lease.job.cancelling:
            self._cancelled.set()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        renewed = time.monotonic()
        pause = min(self._leases.seconds / SHARE, LONGEST_PAUSE)
        while not self._ended.wait(pause):
            began = time.monotonic()
            try:
                if self._leases.renew(self._lease):
                    self._cancelled.set()
                renewed = began
            except LeaseLostError:
                self._lost.set()
                return
            except DATABASE_ERRORS as error:
                _log.warning("heartbeat failed", extra={"error": type(error).__name__})
            if time.monotonic() - renewed > self._leases.seconds:
                # Nobody may have taken it yet; until a heartbeat succeeds that is unknown.
                self._lost.set()
                return
