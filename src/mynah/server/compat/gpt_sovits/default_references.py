"""Default references of callers, which `/change_refer` sets; GPT-SoVITS has one for everybody."""

import threading
from dataclasses import replace
from typing import cast

from cachetools import LRUCache
from fastapi import Request

from mynah.server.access.keys import Caller
from mynah.server.compat.gpt_sovits.calls import DefaultReference
from mynah.server.compat.gpt_sovits.references import Reference
from mynah.server.errors import RequestError

MOST_CALLERS = 1000
"""Callers whose default is kept: those who used theirs last."""


class DefaultReferences:
    """The default reference of each key, for the life of the process."""

    def __init__(self) -> None:
        self._of_caller: LRUCache[str, Reference] = LRUCache(MOST_CALLERS)
        self._lock = threading.Lock()

    def set(self, caller: Caller, reference: Reference) -> None:
        """Replace the caller's default."""
        with self._lock:
            self._of_caller[caller.id] = reference

    def resolve(self, caller: Caller, wanted: DefaultReference) -> Reference:
        """The caller's default, with the further recordings that a call names.

        Raises:
            RequestError: the caller has set none, or too many others have since.
        """
        with self._lock:
            default = self._of_caller.get(caller.id)
        if default is None:
            raise RequestError(
                "This key has no default reference; give refer_wav_path, prompt_text and "
                "prompt_language, or call /change_refer with them first.",
                "refer_wav_path",
            )
        return replace(default, paths=[*default.paths, *wanted.others])


def defaults_of(request: Request) -> DefaultReferences:
    """The default references of the app that a request has come to."""
    return cast(DefaultReferences, request.app.state.default_references)
