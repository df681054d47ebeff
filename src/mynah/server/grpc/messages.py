"""Conversion between gRPC's messages and the bodies of the HTTP API, with their validation."""

import io
import json
from typing import Any, TypeVar

from fastapi import UploadFile
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from pydantic import BaseModel

from mynah.server.http.routers.voices import VoiceBody, VoiceChanges, VoiceForm
from mynah.server.plain_text import PlainText
from mynah.server.problems import validated
from mynah.v1 import speech_pb2 as pb

Body = TypeVar("Body", bound=BaseModel)


class _Named(BaseModel):
    voice: PlainText


def body_of(kind: type[Body], message: Message, **more: Any) -> Body:  # noqa: ANN401
    """Convert a message, and further fields, to a body with fields of the same names.

    Raises:
        RequestValidationError: as for the same body over HTTP.
    """
    return validated(kind.model_validate, {**_fields(message), **more})


def voice_form(request: pb.CreateVoiceRequest) -> VoiceForm:
    """Convert a request for a new voice."""
    fetched = [each for each in request.recordings if each.url]
    sent = [each for each in request.recordings if not each.url]
    fields = {
        "name": request.name,
        "recordings": [UploadFile(io.BytesIO(each.audio)) for each in sent],
        "recording_urls": [each.url for each in fetched],
        "text": [each.text for each in (*sent, *fetched)],
        "labels": json.dumps(dict(request.labels)),
    }
    fields |= {
        name: getattr(request, name) for name in ("language", "consent") if request.HasField(name)
    }
    return validated(VoiceForm.model_validate, fields)


def voice_name(request: pb.GetVoiceRequest | pb.UpdateVoiceRequest | pb.DeleteVoiceRequest) -> str:
    """The name or id in a request for a voice."""
    return validated(_Named.model_validate, {"voice": request.voice}).voice


def voice_changes(request: pb.UpdateVoiceRequest) -> VoiceChanges:
    """Convert a request for changes of a voice."""
    changes = _fields(request)
    changes.pop("voice", None)
    if request.HasField("labels"):
        changes["labels"] = dict(request.labels.labels)
    return validated(VoiceChanges.model_validate, changes)


def voice_message(voice: VoiceBody) -> pb.Voice:
    """Convert a voice."""
    return pb.Voice(**voice.model_dump(exclude={"object", "shares"}))


def _fields(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True)
