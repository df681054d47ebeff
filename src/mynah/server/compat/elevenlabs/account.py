"""`/v1/user`, `/v1/user/subscription` and `/v1/history`."""

from typing import Literal

from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from mynah.server.access.keys import Caller
from mynah.server.compat.elevenlabs.auth import SpeakCaller
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.services import Services
from mynah.server.voices.access import VoiceAccess

UNLIMITED = 2**31 - 1
"""Number that stands for no limit: clients subtract from it."""

router = admitting_router(prefix="/v1", tags=["account"])


class NoCharge(BaseModel):
    """An amount of money: none is ever charged."""

    amount: str = "0"
    currency: Literal["usd"] = "usd"


class Subscription(BaseModel):
    """The limits of a key in ElevenLabs' format."""

    tier: str = "mynah"
    status: Literal["active"] = "active"
    character_count: int
    character_limit: int
    next_character_count_reset_unix: int | None
    max_credit_limit_extension: int = 0
    can_extend_character_limit: bool = False
    allowed_to_extend_character_limit: bool = False
    voice_slots_used: int
    voice_limit: int = UNLIMITED
    voice_add_edit_counter: int = 0
    can_extend_voice_limit: bool = False
    can_use_instant_voice_cloning: bool
    professional_voice_slots_used: int = 0
    professional_voice_slots_used_in_workspace: int = 0
    professional_voice_limit: int = 0
    can_use_professional_voice_cloning: bool = False
    current_overage: NoCharge = NoCharge()


class User(BaseModel):
    """The key of the call as a user in ElevenLabs' format."""

    user_id: str
    workspace_id: str = "mynah"
    subscription: Subscription
    is_new_user: bool = False
    is_onboarding_completed: bool = True
    is_onboarding_checklist_completed: bool = True
    can_use_delayed_payment_methods: bool = False
    seat_type: Literal["workspace_member"] = "workspace_member"
    created_at: int = 0


class History(BaseModel):
    """Earlier speech: none, since no text is kept."""

    history: list[None] = []
    has_more: bool = False
    last_history_item_id: str | None = None
    scanned_until: int | None = None


@router.get("/user")
async def get_user(caller: SpeakCaller, services: ServicesOf) -> User:
    """Get the key of the call as a user."""
    return User(user_id=caller.id, subscription=await _subscription(caller, services))


@router.get("/user/subscription")
async def get_subscription(caller: SpeakCaller, services: ServicesOf) -> Subscription:
    """Get the limits of the key of the call."""
    return await _subscription(caller, services)


@router.get("/history")
async def list_history(_: SpeakCaller) -> History:
    """List earlier speech: always an empty page, since the server keeps no texts."""
    return History()


async def _subscription(caller: Caller, services: Services) -> Subscription:
    use = await services.limits.characters_used(caller)
    own = await run_in_threadpool(_own_voices, services, caller)
    return Subscription(
        character_count=use.used if use else 0,
        character_limit=use.limit if use else UNLIMITED,
        next_character_count_reset_unix=use.reset_at if use else None,
        voice_slots_used=own,
        can_use_instant_voice_cloning=bool({"train", "admin"} & {*caller.scopes}),
    )


def _own_voices(services: Services, caller: Caller) -> int:
    voices = services.stores.voices.all(caller)
    return sum(voice.access is VoiceAccess.OWN for voice in voices)
