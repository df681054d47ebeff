"""`python -m benchmarks.dependencies`: 16 callers while dependencies fail one after the other.

PostgreSQL and Redis run already, on loopback; the server reaches each through a proxy that stops,
stalls or slows it. For every fault: the outcomes of all calls, the longest of those that were
refused, and the seconds until calls are taken again. It ends with status 1 if a bar is not held.
"""

import argparse
import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack

import httpx
from sqlalchemy import make_url

from benchmarks.dependencies.proxy import Fault, Proxy
from benchmarks.load.callers import SPOKEN, TEXTS, Heard, connection, hear
from benchmarks.load.server import Served, serving

CALLERS = 16
BACK_SECONDS = 5.0
ALLOWED = {SPOKEN, "503", "507"}
_PAUSE = 0.5
_UNANSWERED = -1.0


def main() -> int:
    """Measure and print, line by line."""
    options = _options()
    database, redis = make_url(options.database), make_url(options.redis)
    with ExitStack() as stack:
        proxies = {
            "PostgreSQL": stack.enter_context(Proxy(database.port or 5432)),
            "Redis": stack.enter_context(Proxy(redis.port or 6379)),
        }
        through = database.set(host="127.0.0.1", port=proxies["PostgreSQL"].port)
        cache = f"redis://127.0.0.1:{proxies['Redis'].port}"
        own = {
            "MYNAH_DATABASE_URL": through.render_as_string(hide_password=False),
            "MYNAH_CACHE_URL": cache,
            "MYNAH_LIMITS_URL": cache,
            "MYNAH_LIMIT_REQUESTS": "1000000/hour",
        }
        served = stack.enter_context(serving(None, options.port, environment={**os.environ, **own}))
        well = [
            asyncio.run(_failing(served, name, proxy, fault, options.seconds))
            for name, proxy in proxies.items()
            for fault in (Fault.STOPPED, Fault.STALLED, Fault.SLOW)
        ]
    return 0 if all(well) else 1


async def _failing(served: Served, name: str, proxy: Proxy, fault: Fault, seconds: float) -> bool:
    ended = asyncio.Event()
    async with connection(served, httpx.Limits(max_connections=None)) as client:
        calling = [asyncio.create_task(_caller(client, who, ended)) for who in range(CALLERS)]
        await asyncio.sleep(seconds / 2)
        await asyncio.to_thread(proxy.fail, fault)
        await asyncio.sleep(seconds)
        ready = (await client.get("/health/ready")).status_code
        await asyncio.to_thread(proxy.fail, Fault.NONE)
        back = await _back(client)
        ended.set()
        heard = [each for calls in await asyncio.gather(*calling) for each in calls]
    outcomes = Counter(each.outcome for each in heard)
    refused = [each.whole for each in heard if each.outcome != SPOKEN]
    told = ", ".join(f"{number} x {outcome}" for outcome, number in sorted(outcomes.items()))
    print(
        f"{name}, {fault.value}: {told}; longest refusal {max(refused, default=0):.1f} s, "
        f"ready meanwhile {ready}, back after {back:.1f} s",
        flush=True,
    )
    return outcomes.keys() <= ALLOWED and 0 <= back <= BACK_SECONDS


async def _caller(client: httpx.AsyncClient, who: int, ended: asyncio.Event) -> Sequence[Heard]:
    calls: list[Heard] = []
    while not ended.is_set():
        calls.append(await hear(client, TEXTS[who % len(TEXTS)]))
        if calls[-1].outcome != SPOKEN:
            await asyncio.sleep(_PAUSE)
    return calls


async def _back(client: httpx.AsyncClient) -> float:
    """Seconds until the server is ready and takes calls; negative if that takes too long."""
    began = time.monotonic()
    while time.monotonic() - began < 4 * BACK_SECONDS:
        ready = (await client.get("/health/ready")).is_success
        # No speech, which has a queue before it.
        if ready and (await client.get("/v1/voices")).is_success:
            return time.monotonic() - began
        await asyncio.sleep(0.1)
    return _UNANSWERED


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="URL of a PostgreSQL on loopback")
    parser.add_argument("--redis", required=True, help="URL of a Redis on loopback")
    parser.add_argument("--port", type=int, default=8123, help="of the server")
    parser.add_argument("--seconds", type=float, default=8.0, help="that each fault lasts")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
