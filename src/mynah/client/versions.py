"""Versions of a voice, and the routing of requests to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mynah.client.calls import Call, path_of, value_of


@dataclass(frozen=True, slots=True)
class VersionTally:
    """Statistics of a version over the last month.

    Attributes:
        answers: number of speech results.
        failed: of them.
        ratings: number of rated results.
        rating: mean, 1 to 5.
        measured: number of results with a measured similarity.
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
        version: its number; 1 is the untrained one.
        trained: True if it has weights of its own.
        default: True if it is the default version.
        base_model: id of the model that was fine-tuned.
        parent: version from which the training started.
        job: id of the training job.
        report: on the training data.
        metrics: measured on held-out recordings.
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
    """A change of a voice's routing; `reason` is given for an automatic one."""

    version: int
    kind: Literal["promoted", "rolled_back", "traffic", "withdrawn"]
    reason: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class ServerRollout:
    """The routing of a voice's requests to its versions.

    Attributes:
        voice: its id.
        default_version: the version of callers without a traffic split.
        earlier: former defaults that `rollback` returns to, the last one first.
        traffic: weights by version; empty if everyone gets the default.
        steps: the latest changes, the last one first.
    """

    voice: str
    default_version: int
    earlier: Sequence[int]
    traffic: Mapping[int, float]
    steps: Sequence[RolloutStep]


def versions(voice: str) -> Call[list[ServerVersion]]:
    """The call for all versions of a voice."""
    return Call("GET", path_of("voices", voice, "versions"), _versions)


def rollout(voice: str) -> Call[ServerRollout]:
    """The call for a voice's routing."""
    path = path_of("voices", voice, "versions")
    return Call("GET", path, lambda body: _rollout(body["rollout"]))


def promote(voice: str, version: int) -> Call[ServerRollout]:
    """The call that makes a version the default."""
    return Call("POST", path_of("voices", voice, "versions", str(version), "promote"), _rollout)


def rollback(voice: str) -> Call[ServerRollout]:
    """The call that restores the earlier routing."""
    return Call("POST", path_of("voices", voice, "rollback"), _rollout)


def set_traffic(voice: str, weights: Mapping[int, float]) -> Call[ServerRollout]:
    """The call that splits callers among versions."""
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
