"""Webhook dispatcher: concurrent delivery, so that a slow receiver delays no other owner's."""

import asyncio
import time
from collections import Counter

from fastapi.concurrency import run_in_threadpool

from mynah.runtime.logging import log_unexpected
from mynah.server.errors import CallbackError
from mynah.server.webhooks.deliveries import Deliveries, Delivery
from mynah.server.webhooks.secrets import WebhookSecrets
from mynah.server.webhooks.sender import AttemptResult, Message, Sender

PAUSE = 0.5
AT_ONCE = 64
AT_ONCE_OF_OWNER = 16
"""Of one owner, whose receivers may all be slow."""


class WebhookDispatcher:
    """Dispatcher of due deliveries."""

    def __init__(self, deliveries: Deliveries, secrets: WebhookSecrets, sender: Sender) -> None:
        self._deliveries = deliveries
        self._secrets = secrets
        self._sender = sender
        self._sending: dict[asyncio.Task[None], str] = {}
        """Owners by the tasks that send."""

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                await self._begin()
            except Exception as error:  # such as a database that is away for a while
                log_unexpected(error)
            await asyncio.sleep(PAUSE)

    async def _begin(self) -> None:
        for owner in await run_in_threadpool(self._deliveries.owners_waiting):
            sending = Counter(self._sending.values())
            room = min(AT_ONCE - sending.total(), AT_ONCE_OF_OWNER - sending[owner])
            if room <= 0:
                continue
            for delivery in await run_in_threadpool(self._deliveries.claim, owner, room):
                task = asyncio.create_task(self._deliver(delivery))
                self._sending[task] = owner
                task.add_done_callback(self._sending.pop)

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
