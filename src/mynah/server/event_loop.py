"""Lag of the event loop: the time by which everything else that waits for it is late."""

import asyncio

from prometheus_client import Histogram

SAMPLE_SECONDS = 0.05


async def watch_lag(lag: Histogram) -> None:
    """Observe how late a short sleep ends, until cancelled.

    Args:
        lag: gets one sample of seconds for each sleep.
    """
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + SAMPLE_SECONDS
        await asyncio.sleep(SAMPLE_SECONDS)
        lag.observe(max(loop.time() - due, 0))
