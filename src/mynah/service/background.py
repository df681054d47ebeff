"""What a server does besides answering: it looks after jobs and delivers webhooks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi.concurrency import run_in_threadpool

from mynah.jobs.dispatch import JobDispatcher, open_launcher
from mynah.jobs.leases import Leases
from mynah.service.services import Services
from mynah.service.webhooks.postman import Postman
from mynah.service.webhooks.sending import Sender


@asynccontextmanager
async def background(services: Services) -> AsyncIterator[None]:
    """Does it while it is entered.

    Raises:
        OptionError: a setting is wrong, or what it needs is not installed.
    """
    settings = services.settings
    sender = Sender(settings.webhook_networks, settings.webhook_seconds)
    postman = Postman(services.deliveries, services.webhook_secrets, sender)
    leases = Leases(services.records, settings.lease_seconds)
    runner = JobDispatcher(leases, open_launcher(settings, services.records, leases))
    delivering = asyncio.create_task(postman.run())
    try:
        yield
    finally:
        delivering.cancel()
        await run_in_threadpool(runner.close)
