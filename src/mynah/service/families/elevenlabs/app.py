"""The app of the family."""

from fastapi import FastAPI

from mynah.service.families.elevenlabs import models, speech, voices
from mynah.service.families.elevenlabs.errors import ErrorBody, answer
from mynah.service.families.family import create_family
from mynah.service.services import Services


def create_elevenlabs(services: Services) -> FastAPI:
    """The API of ElevenLabs on Mynah's services."""
    routers = [speech.router, voices.router, models.router]
    return create_family("Mynah as ElevenLabs", services, answer, ErrorBody, routers)
