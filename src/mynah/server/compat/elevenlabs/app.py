"""The app of the ElevenLabs API."""

from fastapi import FastAPI

from mynah.server.compat.app import create_compat_app
from mynah.server.compat.elevenlabs import (
    account,
    models,
    speech,
    stream_input,
    voice_search,
    voice_settings,
    voices,
)
from mynah.server.compat.elevenlabs.errors import ErrorBody, answer
from mynah.server.services import Services


def create_elevenlabs(services: Services) -> FastAPI:
    """Create the ElevenLabs API on Mynah's services."""
    parts = (speech, stream_input, voice_settings, voices, voice_search, models, account)
    routers = [part.router for part in parts]
    return create_compat_app("Mynah as ElevenLabs", services, lambda _: answer, ErrorBody, routers)
