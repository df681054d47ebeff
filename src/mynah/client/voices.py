"""Voices of a server."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mynah.client.calls import Call, Page, Recording, files_of, page_call, path_of, value_of


@dataclass(frozen=True, slots=True)
class ServerVoice:
    """A voice of a server."""

    id: str
    name: str
    language: str
    labels: Mapping[str, str]
    consent: str | None
    default_version: str
    created_at: int
    built_in: bool
    owner: str | None
    access: str


def voices(after: str) -> Call[Page[ServerVoice]]:
    """Voices after a cursor."""
    return page_call("voices", after, _voice)


def voice(name: str) -> Call[ServerVoice]:
    """A voice by its name or id."""
    return Call("GET", path_of("voices", name), _voice)


def create_voice(
    name: str,
    recordings: Sequence[Recording],
    urls: Sequence[str],
    texts: Sequence[str],
    language: str,
    labels: Mapping[str, str] | None,
    consent: str | None,
) -> Call[ServerVoice]:
    """The call that creates a voice."""
    form = {
        "name": name,
        "recording_urls": list(urls),
        "text": list(texts),
        "language": language,
        "labels": json.dumps(dict(labels or {})),
    }
    if consent is not None:
        form["consent"] = consent
    return Call("POST", "voices", _voice, {"data": form, "files": files_of(recordings)})


def change_voice(name: str, changes: Mapping[str, Any]) -> Call[ServerVoice]:
    """The call that changes a voice."""
    return Call("PATCH", path_of("voices", name), _voice, {"json": dict(changes)})


def delete_voice(name: str) -> Call[None]:
    """The call that deletes a voice."""
    return Call("DELETE", path_of("voices", name), lambda _: None)


def _voice(body: Mapping[str, Any]) -> ServerVoice:
    return value_of(ServerVoice, body)
