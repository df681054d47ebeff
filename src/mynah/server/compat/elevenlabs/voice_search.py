"""`GET /v2/voices`: voices with search, filters and pages."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from mynah.server.compat.elevenlabs.auth import SpeakCaller
from mynah.server.compat.elevenlabs.voices import Voice, written
from mynah.server.errors import RequestError
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.plain_text import PlainText
from mynah.server.response_headers import tell_ignored

_OWN_TYPES = ("personal", "workspace", "non-default", "non-community", "saved")
_LABELS = ("gender", "age", "accent")

router = admitting_router(prefix="/v2/voices", tags=["voices"])


class SearchQuery(BaseModel):
    """Voices to list. Filters of ElevenLabs' library are ignored, and named in a header."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    next_page_token: PlainText | None = None
    """The token of the page before."""
    page_size: int = Field(default=10, ge=1, le=100)
    """Most voices of a page."""
    search: PlainText | None = None
    """A part of the name, the description, a label or the category."""
    sort: Literal["created_at_unix", "name"] | None = None
    """Field to sort by; the id if not given."""
    sort_direction: Literal["asc", "desc"] = "asc"
    """Direction to sort in."""
    voice_type: PlainText | None = None
    """`default` for the voices that come with Mynah; `personal`, `workspace`, `non-default`,
    `non-community` and `saved` for all others."""
    category: PlainText | None = None
    """`premade` or `cloned`."""
    voice_ids: list[PlainText] | None = Field(default=None, max_length=100)
    """Ids of the voices."""
    gender: PlainText | None = None
    """Value of the label of this name."""
    age: PlainText | None = None
    """Value of the label of this name."""
    accent: PlainText | None = None
    """Value of the label of this name."""
    include_total_count: bool = True
    """Without effect: the number of voices is always told."""

    def fits(self, voice: Voice) -> bool:
        """True if a voice passes every filter."""
        return (
            (self.voice_ids is None or voice.voice_id in self.voice_ids)
            and self.category in (None, voice.category)
            and _is_of_type(voice, self.voice_type)
            and all(getattr(self, name) in (None, voice.labels.get(name)) for name in _LABELS)
            and (self.search or "").casefold() in _searched(voice)
        )


class VoicePage(BaseModel):
    """A page of voices."""

    voices: list[Voice]
    has_more: bool
    total_count: int
    next_page_token: str | None


@router.get("")
def search_voices(
    query: Annotated[SearchQuery, Query()], caller: SpeakCaller, services: ServicesOf
) -> VoicePage:
    """List voices, those that come with Mynah among them."""
    tell_ignored([*(query.model_extra or {})])
    voices = map(written, services.stores.voices.all(caller))
    found = _sorted([*filter(query.fits, voices)], query)
    start = _start(found, query.next_page_token)
    page = found[start : start + query.page_size]
    has_more = start + len(page) < len(found)
    return VoicePage(
        voices=page,
        has_more=has_more,
        total_count=len(found),
        next_page_token=page[-1].voice_id if has_more else None,
    )


def _sorted(voices: Sequence[Voice], query: SearchQuery) -> list[Voice]:
    field = query.sort or "voice_id"
    return sorted(
        voices,
        key=lambda voice: (getattr(voice, field), voice.voice_id),
        reverse=query.sort_direction == "desc",
    )


def _start(voices: Sequence[Voice], token: str | None) -> int:
    """The place after the voice that a token names.

    Raises:
        RequestError: it is not among the voices.
    """
    if token is None:
        return 0
    for place, voice in enumerate(voices):
        if voice.voice_id == token:
            return place + 1
    raise RequestError(
        "This next_page_token is not one of this list; begin without it.", "next_page_token"
    )


def _is_of_type(voice: Voice, voice_type: str | None) -> bool:
    if voice_type is None:
        return True
    return voice_type == "default" if voice.category == "premade" else voice_type in _OWN_TYPES


def _searched(voice: Voice) -> str:
    words = [voice.name, voice.description or "", voice.category, *voice.labels.values()]
    return "\n".join(words).casefold()
