"""Version routing: the version of a voice that a caller gets."""

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from mynah.engine.request import VoiceRef
from mynah.server.access.keys import Caller
from mynah.server.versions.rollout import Rollouts
from mynah.server.voices.access import VoiceAccess
from mynah.server.voices.aliases import VoiceAliases
from mynah.server.voices.resolver import VoiceResolver, VoiceSelection
from mynah.server.voices.store import FIRST_VERSION, VoiceStore
from mynah.storage.invalidation import CachedReads, ChangeWatcher


def point_of(voice_id: str, who: str) -> float:
    """A caller's fixed position in [0, 1), by hash; independent for each voice."""
    digest = hashlib.sha256(f"{voice_id}\0{who}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def version_at(point: float, traffic: Mapping[int, float]) -> int:
    """The version at a point in [0, 1) of the traffic split, in which one weight is above 0.

    The newest one begins at 0, so that its callers keep it when its share grows.
    """
    total, reached = sum(traffic.values()), 0.0
    ordered = sorted(((each, weight) for each, weight in traffic.items() if weight), reverse=True)
    for version, weight in ordered:
        reached += weight / total
        if point < reached:
            return version
    return ordered[-1][0]


@dataclass(frozen=True, slots=True)
class ResolvedVoice:
    """A voice resolved to one of its versions.

    Attributes:
        ref: reference for the engine.
        voice_id: of the voice.
        version: its number.
        counted: True if the voice has trained versions, whose outcomes are recorded.
        trusted: True if the caller manages the voice, so that outcomes may move its versions.
    """

    ref: VoiceRef
    voice_id: str
    version: int
    counted: bool
    trusted: bool


class VersionRouter:
    """Router of requests to versions, with a cache that changes invalidate."""

    def __init__(
        self,
        voices: VoiceStore,
        aliases: VoiceAliases,
        resolver: VoiceResolver,
        rollouts: Rollouts,
        changes: ChangeWatcher,
    ) -> None:
        self._voices = voices
        self._aliases = aliases
        self._resolver = resolver
        self._rollouts = rollouts
        self._resolved = CachedReads[Hashable, ResolvedVoice](changes)

    def resolve(self, selection: VoiceSelection, caller: Caller, user: str | None) -> ResolvedVoice:
        """Choose the version of a request; the same `user` of a caller always gets the same one.

        Raises:
            VoiceNotFoundError, VoiceVersionNotFoundError, ReferenceNotFoundError: there is none.
        """
        what = selection.voice, selection.version, tuple(selection.references)
        choose = partial(self._choose, selection, caller, user)
        return self._resolved.get((what, caller.id, user), choose)

    def _choose(self, selection: VoiceSelection, caller: Caller, user: str | None) -> ResolvedVoice:
        voice = self._aliases.find(self._voices, caller, selection.voice)
        rollout = None if voice.built_in else self._rollouts.of(voice.id)
        asked = selection.version
        if asked is None and rollout and rollout.traffic:
            who = caller.id if user is None else f"{caller.id}\0{user}"
            asked = str(version_at(point_of(voice.id, who), rollout.traffic))
        version = self._resolver.version_of(voice, asked)
        ref = self._resolver.resolve(caller, replace(selection, voice=voice.id, version=version))
        counted = rollout is not None or version != FIRST_VERSION
        trusted = voice.access >= VoiceAccess.MANAGE
        return ResolvedVoice(ref, voice.id, int(version), counted, trusted)
