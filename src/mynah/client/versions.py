"""Versions of a voice, and who hears which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mynah.client.calls import Call, path_of, value_of


@dataclass(frozen=True, slots=True)
class VersionTally:
    """How a version did in the last month.

    Attributes:
        answers: pieces of speech.
        failed: of them.
        ratings: of them that were rated.
        rating: mean, of 1 to 5.
        measured: of them whose similarity was measured.
        similarity: mean.
    """

    answers: int
    failed: int
    ratings: int
    rating: float | None
    measured: int
    similarity: float | None


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """A version of a voice.

    Attributes:
        voice: its id.
        version: its number; 1 is the one for which nothing was trained.
        trained: whether it has weights of its own.
        default: whether it speaks where callers are not split.
        base_model: that was trained further.
        parent: version from which the training went on.
        job: that made it.
        report: on what it learned from.
        metrics: measured on recordings that it did not learn from.
        created_at: seconds since 1970.
    """

    voice: str
    version: int
    trained: bool
    default: bool
    base_model: str
    parent: int | None
    job: str | None
    report: Mapping[str, Any]
    metrics: Mapping[str, float]
    tally: VersionTally
    created_at: int


@dataclass(frozen=True, slots=True)
class RolloutStep:
    """A change of who hears what.

    Attributes:
        version: that it was about.
        reason: why, if the server did it by itself.
        created_at: seconds since 1970.
    """

    version: int
    kind: Literal["promoted", "rolled_back", "traffic", "withdrawn"]
    reason: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class ServerRollout:
    """Who hears what of a voice.

    Attributes:
        voice: its id.
        default_version: that speaks where callers are not split.
        earlier: what `rollback` leads to, the last one first.
        traffic: weights of versions; empty if everyone hears the default.
        steps: the latest changes, the last one first.
    """

    voice: str
    default_version: int
    earlier: Sequence[int]
    traffic: Mapping[int, float]
    steps: Sequence[RolloutStep]


def versions(voice: str) -> Call[list[ServerVersion]]:
    """All versions of a voice."""
    return Call("GET", path_of("voices", voice, "versions"), _versions)


def rollout(voice: str) -> Call[ServerRollout]:
    """Who hears what."""
    path = path_of("voices", voice, "versions")
    return Call("GET", path, lambda body: _rollout(body["rollout"]))


def promote(voice: str, version: int) -> Call[ServerRollout]:
    """Has everyone hear a version."""
    return Call("POST", path_of("voices", voice, "versions", str(version), "promote"), _rollout)


def rollback(voice: str) -> Call[ServerRollout]:
    """Has everyone hear what they heard before."""
    return Call("POST", path_of("voices", voice, "rollback"), _rollout)


def set_traffic(voice: str, weights: Mapping[int, float]) -> Call[ServerRollout]:
    """Splits callers among versions."""
    body = {"weights": {str(version): weight for version, weight in weights.items()}}
    return Call("PUT", path_of("voices", voice, "traffic"), _rollout, {"json": body})


def _versions(body: Mapping[str, Any]) -> list[ServerVersion]:
    return [
        value_of(ServerVersion, each, tally=value_of(VersionTally, each["tally"]))
        for each in body["data"]
    ]


def _rollout(body: Mapping[str, Any]) -> ServerRollout:
    return value_of(
        ServerRollout,
        body,
        traffic={int(version): weight for version, weight in body["traffic"].items()},
        steps=[value_of(RolloutStep, each) for each in body["steps"]],
    )
