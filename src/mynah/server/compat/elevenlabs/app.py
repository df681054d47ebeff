"""The app of the ElevenLabs API."""

from fastapi import FastAPI

from mynah.server.app import Services
from mynah.server.compat.app import create_compat_app
from mynah.server.compat.elevenlabs import models, speech, voices
from mynah.server.compat.elevenlabs.errors import ErrorBody, answer


def create_elevenlabs(services: Services) -> FastAPI:
    """Create the ElevenLabs API on Mynah's services."""
    routers = [speech.router, voices.router, models.router]
    return create_compat_app("Mynah as ElevenLabs", services, lambda _: answer, ErrorBody, routers)
