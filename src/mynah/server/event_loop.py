"""Lag of the event loop: the delay of everything else that waits for it."""

import asyncio

from prometheus_client import Histogram

SAMPLE_SECONDS = 0.05


async def watch_lag(lag: Histogram) -> None:
    """Sample the lag, in seconds, by how late a short sleep ends, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + SAMPLE_SECONDS
        await asyncio.sleep(SAMPLE_SECONDS)
        lag.observe(max(loop.time() - due, 0))
