"""Webhook dispatcher: concurrent delivery, so that a slow receiver delays no other."""

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
    """Dispatcher of due deliveries."""

    def __init__(self, deliveries: Deliveries, secrets: WebhookSecrets, sender: Sender) -> None:
        self._deliveries = deliveries
        self._secrets = secrets
        self._sender = sender
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                await self._begin()
            except Exception as error:  # such as a database that is away for a while
                log_unexpected(error)
            await asyncio.sleep(PAUSE)

    async def _begin(self) -> None:
        room = AT_ONCE - len(self._sending)
        for delivery in await run_in_threadpool(self._deliveries.claim, room) if room else ():
            task = asyncio.create_task(self._deliver(delivery))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        began = time.monotonic()
        try:
            outcome = await self._send(delivery)
            await run_in_threadpool(self._deliveries.note, delivery, outcome, began)
        except Exception as error:  # it is due again when its claim expires
            log_unexpected(error)

    async def _send(self, delivery: Delivery) -> AttemptResult:
        try:
            secrets = await run_in_threadpool(self._secrets.of, delivery.caller)
        except CallbackError as error:
            return AttemptResult(None, str(error))
        return await self._sender.send(Message(delivery.id, delivery.url, delivery.body, secrets))
