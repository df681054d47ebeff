"""Which version a caller hears: the same one each time, in the shares that were asked for."""

import hashlib
from collections.abc import Mapping


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
