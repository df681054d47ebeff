"""Signing secrets of webhooks: one per key, shown once, and renewed with an overlap."""

import base64
import secrets
from collections.abc import Sequence

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from mynah.server.errors import CallbackError
from mynah.storage.database import now
from mynah.storage.tables import webhook_secrets

PREFIX = "whsec_"
OVERLAP_SECONDS = 86_400
"""Time for which the old secret signs too, so that receivers can change theirs."""
_BYTES = 32


class WebhookSecrets:
    """The signing secrets of a database."""

    def __init__(self, records: Engine) -> None:
        self._records = records

    def renew(self, caller: str) -> str:
        """Create a caller's secret, which is not shown again; the old one stays valid for a day."""
        secret = PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()
        table = webhook_secrets.c
        renewing = update(webhook_secrets).where(table.caller == caller)
        facts = {"secret": secret, "created_at": now()}
        earlier = {"earlier": table.secret, "earlier_until": now() + OVERLAP_SECONDS}
        with self._records.begin() as connection:
            if connection.execute(renewing.values(facts | earlier)).rowcount:
                return secret
        try:
            with self._records.begin() as connection:
                connection.execute(insert(webhook_secrets).values(facts | {"caller": caller}))
        except IntegrityError:  # the same call at the same time made the first one
            return self.renew(caller)
        return secret

    def of(self, caller: str) -> Sequence[str]:
        """The valid secrets of a caller, the newest first.

        Raises:
            CallbackError: the caller has no secret yet.
        """
        query = select(webhook_secrets).where(webhook_secrets.c.caller == caller)
        with self._records.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise CallbackError(
                "Webhooks are signed, and this key has no secret for that yet; "
                "make one with POST /v1/webhooks/secret."
            )
        kept = row.earlier is not None and row.earlier_until > now()
        return [row.secret, row.earlier] if kept else [row.secret]
