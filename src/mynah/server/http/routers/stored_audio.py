"""`/v1/audio/{id}`: speech stored with `store: true`."""

from typing import Annotated, get_args

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from mynah.audio.encoding import AudioFormat
from mynah.server.http.admission import SpeakCaller, admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.middleware.idempotency import DESCRIBED
from mynah.server.http.ranges import blob_response
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.speech.params import ResponseFormat
from mynah.server.speech.stored_audio import StoredAudio
from mynah.storage.database import now

router = admitting_router(prefix="/audio", tags=["speech"])
AUDIO_CONTENT: dict[str, dict[str, object]] = {
    AudioFormat(kind).media_type: {} for kind in get_args(ResponseFormat)
}
"""Content of a response of speech, in the API's description."""


class StoredAudioBody(BaseModel):
    """Stored speech."""

    id: str
    object: str = "audio"
    url: str
    """Signed link: gives the audio without a key, until it expires."""
    media_type: str
    bytes: int
    created_at: int
    expires_at: int


class LinkQuery(BaseModel):
    """Query of a signed link."""

    model_config = ConfigDict(extra="forbid")
    expires: int = Field(ge=0, lt=1 << 63)
    signature: Annotated[str, Field(max_length=128), PLAIN]


class DeletedAudio(BaseModel):
    """Deleted audio."""

    id: str
    object: str = "audio.deleted"
    deleted: bool = True


@router.head("/{audio_id}", include_in_schema=False)
@router.get(
    "/{audio_id}",
    response_class=Response,
    responses={
        200: {"description": "The audio.", "content": AUDIO_CONTENT},
        206: {"description": "The part that `Range` asks for.", "content": AUDIO_CONTENT},
        304: {"description": "It is as `If-None-Match` has it."},
    },
)
def get_stored_audio(
    request: Request,
    audio_id: PlainText,
    link: Annotated[LinkQuery, Query()],
    services: ServicesOf,
) -> Response:
    """Fetch stored speech by its signed link; players may ask for parts of it."""
    kept, blob = services.audio_store.read(audio_id, link.expires, link.signature)
    # Caches must not outlive the link.
    caching = f"private, max-age={max(0, kept.expires_at - now())}"
    return blob_response(request, blob, kept.media_type, {"cache-control": caching})


@router.delete("/{audio_id}", dependencies=[DESCRIBED])
def delete_stored_audio(
    audio_id: PlainText, caller: SpeakCaller, services: ServicesOf
) -> DeletedAudio:
    """Delete stored speech before it expires."""
    services.audio_store.delete(caller, audio_id)
    return DeletedAudio(id=audio_id)


def stored_audio_body(kept: StoredAudio, request: Request, public_url: str) -> StoredAudioBody:
    """The representation of stored speech; links begin with `public_url`, or the request's own."""
    path = request.app.url_path_for(get_stored_audio.__name__, audio_id=kept.id)
    base = (public_url or str(request.base_url)).rstrip("/")
    return StoredAudioBody(
        id=kept.id,
        url=f"{base}{path}?expires={kept.expires_at}&signature={kept.signature}",
        media_type=kept.media_type,
        bytes=kept.bytes,
        created_at=kept.created_at,
        expires_at=kept.expires_at,
    )
