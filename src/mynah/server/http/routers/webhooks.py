"""`/v1/webhooks`: signing secrets and deliveries."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mynah.server.http.admission import TrainCaller, admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.middleware.idempotency import DESCRIBED
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.services import Services
from mynah.server.webhooks.deliveries import Delivery, State

router = admitting_router(prefix="/webhooks", tags=["webhooks"])


class SecretBody(BaseModel):
    """A new secret, which is shown this once."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    object: str = "webhook.secret"
    secret: str
    """Key for verifying signatures with the libraries of https://www.standardwebhooks.com."""


class AttemptBody(BaseModel):
    """An attempt at a delivery."""

    model_config = ConfigDict(from_attributes=True)
    status: int | None
    error: str | None
    milliseconds: int
    created_at: int


class DeliveryBody(BaseModel):
    """A webhook, and all attempts at it."""

    object: str = "webhook.delivery"
    id: str
    job: str
    url: str
    state: State
    attempts: list[AttemptBody]
    created_at: int


class DeliveryPage(BaseModel):
    """A page of deliveries, the latest first; the next ones follow after `last_id`."""

    object: str = "list"
    data: list[DeliveryBody]
    has_more: bool
    last_id: str | None


class DeliveryQuery(BaseModel):
    """Page of deliveries to list."""

    model_config = ConfigDict(extra="forbid")
    after: Annotated[str, StringConstraints(max_length=100), PLAIN] = ""
    limit: int = Field(default=20, ge=1, le=100)


@router.post("/secret", status_code=201, dependencies=[DESCRIBED])
def renew_webhook_secret(caller: TrainCaller, services: ServicesOf) -> SecretBody:
    """Create a new signing secret for your webhooks; the old one stays valid for a day."""
    return SecretBody(secret=services.webhook_secrets.renew(caller.id))


@router.get("/deliveries")
def list_deliveries(
    query: Annotated[DeliveryQuery, Query()], caller: TrainCaller, services: ServicesOf
) -> DeliveryPage:
    """List your webhooks' deliveries with the responses of your receiver."""
    found = services.deliveries.page(caller, query.after, query.limit + 1)
    shown = [_body(delivery, services) for delivery in found[: query.limit]]
    last = shown[-1].id if shown else None
    return DeliveryPage(data=shown, has_more=len(found) > query.limit, last_id=last)


@router.post("/deliveries/{delivery}/replay", status_code=202, dependencies=[DESCRIBED])
def replay_delivery(delivery: PlainText, caller: TrainCaller, services: ServicesOf) -> DeliveryBody:
    """Send a webhook again, under the same id."""
    return _body(services.deliveries.replay(caller, delivery), services)


def _body(delivery: Delivery, services: Services) -> DeliveryBody:
    tried = services.deliveries.tried(delivery.id)
    return DeliveryBody(
        id=delivery.id,
        job=delivery.job_id,
        url=delivery.url,
        state=delivery.state,
        attempts=[AttemptBody.model_validate(each) for each in tried],
        created_at=delivery.created_at,
    )
