"""Background work of a server: jobs, webhooks and deletion of expired data."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi.concurrency import run_in_threadpool

from mynah.jobs.dispatch import JobDispatcher, open_launcher
from mynah.jobs.folders import clear_jobs
from mynah.runtime.logging import log_unexpected
from mynah.runtime.memory import return_freed_memory
from mynah.server.access.idempotency import BEAT_SECONDS
from mynah.server.event_loop import watch_lag
from mynah.server.services import Services
from mynah.server.webhooks.dispatcher import WebhookDispatcher
from mynah.server.webhooks.sender import Sender


@asynccontextmanager
async def background(services: Services) -> AsyncIterator[None]:
    """Run the background work while the context is open.

    Raises:
        OptionError: a setting is invalid, or a package is missing.
    """
    settings = services.settings
    sender = Sender(settings.webhook_networks, settings.webhook_seconds)
    dispatcher = WebhookDispatcher(services.deliveries, services.webhook_secrets, sender)
    stores = services.stores
    launcher = open_launcher(settings, stores.records, stores.leases)
    runner = JobDispatcher(stores.leases, launcher)
    endless = (
        dispatcher.run(),
        services.open_calls.watch(),
        _purge(services),
        _beat(services),
        _return_memory(),
        watch_lag(services.metrics.loop_lag),
    )
    tasks = [asyncio.create_task(each) for each in endless]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await run_in_threadpool(runner.close)


PURGE_SECONDS = 60
MEMORY_SECONDS = 10


async def _purge(services: Services) -> None:
    """Delete expired data at intervals."""
    stores, seconds = services.stores, services.settings.job_days * 86_400
    while True:
        try:
            await run_in_threadpool(services.audio_store.purge)
            await run_in_threadpool(services.outcomes.purge)
            await run_in_threadpool(clear_jobs, stores.records, stores.job_folders, seconds)
        except Exception as error:  # such as a database that is away for a while
            log_unexpected(error)
        await asyncio.sleep(PURGE_SECONDS)


async def _beat(services: Services) -> None:
    """Keep writes in progress from being taken over by others."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        try:
            await run_in_threadpool(services.idempotency.beat)
        except Exception as error:  # such as a database that is away for a while
            log_unexpected(error)


async def _return_memory() -> None:
    """Return freed memory, which each new length of speech leaves, to the system at intervals."""
    while True:
        await asyncio.sleep(MEMORY_SECONDS)
        await run_in_threadpool(return_freed_memory)
