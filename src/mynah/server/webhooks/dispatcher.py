"""Delivers webhooks as their time comes, many at once, so that one that hangs holds up no other."""

import asyncio
import time

from fastapi.concurrency import run_in_threadpool

from mynah.runtime.logging import log_unexpected
from mynah.server.errors import CallbackError
from mynah.server.webhooks.deliveries import Deliveries, Delivery
from mynah.server.webhooks.secrets import WebhookSecrets
from mynah.server.webhooks.sender import AttemptResult, Message, Sender

PAUSE = 0.5
AT_ONCE = 32


class WebhookDispatcher:
    """Delivers what is in the outbox.

    Args:
        deliveries: what is to be sent.
        secrets: what it is signed with.
        sender: sends it.
    """

    def __init__(self, deliveries: Deliveries, secrets: WebhookSecrets, sender: Sender) -> None:
        self._deliveries = deliveries
        self._secrets = secrets
        self._sender = sender
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Delivers until it is cancelled."""
        while True:
            try:
                await self._begin()
            except Exception as error:  # the database is away for a while: the next time will do
                log_unexpected(error)
            await asyncio.sleep(PAUSE)

    async def _begin(self) -> None:
        room = AT_ONCE - len(self._under_way)
        for delivery in await run_in_threadpool(self._deliveries.claim, room) if room else ():
            task = asyncio.create_task(self._deliver(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        began = time.monotonic()
        try:
            outcome = await self._send(delivery)
            await run_in_threadpool(self._deliveries.note, delivery, outcome, began)
        except Exception as error:  # it is claimed again when its claim is over
            log_unexpected(error)

    async def _send(self, delivery: Delivery) -> AttemptResult:
        try:
            secrets = await run_in_threadpool(self._secrets.of, delivery.caller)
        except CallbackError as error:
            return AttemptResult(None, str(error))
        return await self._sender.send(Message(delivery.id, delivery.url, delivery.body, secrets))
