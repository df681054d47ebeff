"""Version routing: the version of a voice that a caller hears."""

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from mynah.engine.request import VoiceRef
from mynah.server.access.keys import Caller
from mynah.server.versions.rollout import Rollouts
from mynah.server.voices.resolver import VoiceResolver, VoiceSelection
from mynah.server.voices.store import FIRST_VERSION, VoiceStore
from mynah.storage.invalidation import CachedReads, ChangeWatcher


def point_of(voice_id: str, who: str) -> float:
    """Where somebody stands between 0 and 1; everybody stands somewhere else for each voice."""
    digest = hashlib.sha256(f"{voice_id}\0{who}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def version_at(point: float, traffic: Mapping[int, float]) -> int:
    """The version that is heard at a point.

    The newest one begins at 0, so that whoever hears it still does when its share grows.

    Args:
        point: between 0 and 1, without 1.
        traffic: weights of versions, of which one is above 0.
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
    """A version of a voice that is to speak.

    Attributes:
        speaker: for the engine.
        voice_id: whose it is.
        version: its number.
        counted: whether the voice has trained versions, which are compared.
    """

    speaker: VoiceRef
    voice_id: str
    version: int
    counted: bool


class VersionRouter:
    """Chooses versions.

    Args:
        voices: whom callers speak with.
        speakers: what the engine takes of them.
        rollouts: which versions speak.
        changes: of the records of voices and rollouts.
    """

    def __init__(
        self,
        voices: VoiceStore,
        speakers: VoiceResolver,
        rollouts: Rollouts,
        changes: ChangeWatcher,
    ) -> None:
        self._voices = voices
        self._speakers = speakers
        self._rollouts = rollouts
        self._parts = CachedReads[Hashable, ResolvedVoice](changes)

    def cast(self, speaking: VoiceSelection, caller: Caller, user: str | None) -> ResolvedVoice:
        """The version that a caller hears.

        Args:
            speaking: whose voice.
            caller: who asks.
            user: for whom, if the caller serves others; the same one hears the same version.

        Raises:
            VoiceNotFoundError, VoiceVersionNotFoundError, ReferenceNotFoundError: there is none.
        """
        what = speaking.voice, speaking.version, tuple(speaking.references)
        choose = partial(self._choose, speaking, caller, user)
        return self._parts.get((what, caller.id, user), choose)

    def _choose(self, speaking: VoiceSelection, caller: Caller, user: str | None) -> ResolvedVoice:
        voice = self._voices.get(speaking.voice)
        rollout = None if voice.built_in else self._rollouts.of(voice.id)
        asked = speaking.version
        if asked is None and rollout and rollout.traffic:
            who = caller.id if user is None else f"{caller.id}\0{user}"
            asked = str(version_at(point_of(voice.id, who), rollout.traffic))
        version = self._speakers.version_of(voice, asked)
        speaker = self._speakers.speaker(replace(speaking, voice=voice.id, version=version))
        counted = rollout is not None or version != FIRST_VERSION
        return ResolvedVoice(speaker, voice.id, int(version), counted)
