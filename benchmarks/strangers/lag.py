"""Lag of a server's event loop, as its metrics tell it."""

import re

import httpx

from benchmarks.load.server import Served

_BUCKET = re.compile(r'mynah_event_loop_lag_seconds_bucket\{le="([^"]+)"\} ([0-9.e+]+)')

Buckets = dict[float, float]


def read_lag(served: Served) -> Buckets:
    """Samples up to each bound so far, by bound in seconds."""
    page = httpx.get(f"{served.url}/metrics", timeout=60).text
    return {float(bound): float(count) for bound, count in _BUCKET.findall(page)}


def longest(before: Buckets, after: Buckets) -> float:
    """The least bound that holds all samples between two readings."""
    new = {bound: count - before[bound] for bound, count in after.items()}
    return min(bound for bound, count in new.items() if count == max(new.values()))
