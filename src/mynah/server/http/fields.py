"""Fields of requests, described so that the page of the API can fill them in."""

from typing import Annotated

from fastapi import Path, UploadFile
from pydantic import Field, WithJsonSchema

from mynah.server.plain_text import PLAIN

_FILE = WithJsonSchema({"type": "string", "format": "binary"})
"""OpenAPI 3.1 has another form for files, of which Swagger UI makes a text field."""

UploadedFile = Annotated[UploadFile, _FILE]
"""A file of a form."""
OptionalFile = Annotated[UploadFile | None, _FILE]
"""A file that may be left out."""

VoiceInPath = Annotated[str, PLAIN, Path(json_schema_extra={"example": "ljspeech"})]
"""A voice to look at or to speak with, by id or name."""
OwnVoiceInPath = Annotated[str, PLAIN, Path(json_schema_extra={"example": "ann"})]
"""A voice to change, by id or name; those that come with Mynah stay as they are."""

EMPTY = Field(default=None, examples=[""])
"""A field that the page leaves empty, and does not send; it would make a value up."""
JSON_TEXT = WithJsonSchema({"type": "string", "examples": ['{"mood": "calm"}']})
"""An object as text; Swagger UI makes a file field of a string that has JSON in it."""
EMPTY_TEXT = WithJsonSchema({"type": "string", "examples": [""]})
"""The same, left empty."""
