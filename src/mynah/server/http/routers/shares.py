"""`/v1/voices/{voice}/shares`: sharing of a voice with other owners."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict

from mynah.server.access.owner_names import OWNER_PATTERN
from mynah.server.http.admission import TrainCaller, admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.fields import OwnVoiceInPath
from mynah.server.http.middleware.idempotency import DESCRIBED
from mynah.server.http.routers.voices import ShareBody
from mynah.server.services import Services
from mynah.server.voices.access import VoiceAccess

router = admitting_router(prefix="/voices", tags=["voices"])

SharedWith = Annotated[str, Path(pattern=rf"^\*$|{OWNER_PATTERN}")]
_ACCESS = {"speak": VoiceAccess.SPEAK, "manage": VoiceAccess.MANAGE}


class ShareChange(BaseModel):
    """Extent of a share."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"access": "speak"}]},
    )
    access: Literal["speak", "manage"]
    """`speak` with the voice, or `manage` it as well: train, change, export and delete it."""


class ShareList(BaseModel):
    """All shares of a voice."""

    object: str = "list"
    data: list[ShareBody]


@router.put("/{voice}/shares/{owner}", dependencies=[DESCRIBED])
def share_voice(
    voice: OwnVoiceInPath,
    owner: SharedWith,
    change: ShareChange,
    caller: TrainCaller,
    services: ServicesOf,
) -> ShareList:
    """Share your voice with another owner, or with everybody, whom `*` stands for."""
    record = services.stores.voices.owned(caller, voice)
    services.stores.sharing.share(record, owner, _ACCESS[change.access])
    return _shares(record.id, services)


@router.delete("/{voice}/shares/{owner}", dependencies=[DESCRIBED])
def withdraw_share(
    voice: OwnVoiceInPath, owner: SharedWith, caller: TrainCaller, services: ServicesOf
) -> ShareList:
    """Stop sharing your voice with an owner or everybody; trainings that only it allowed end."""
    record = services.stores.voices.owned(caller, voice)
    services.stores.sharing.withdraw(record.id, owner)
    return _shares(record.id, services)


def _shares(voice_id: str, services: Services) -> ShareList:
    shares = services.stores.sharing.of([voice_id]).get(voice_id, ())
    return ShareList(data=[ShareBody.of(each) for each in shares])
