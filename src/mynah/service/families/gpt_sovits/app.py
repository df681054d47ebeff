"""The app of the family."""

from fastapi import FastAPI

from mynah.service.families.family import create_family
from mynah.service.families.gpt_sovits import control, sillytavern, tts
from mynah.service.families.gpt_sovits.errors import ErrorBody, answer
from mynah.service.services import Services


def create_gpt_sovits(services: Services) -> FastAPI:
    """`api_v2` on Mynah's services."""
    routers = [tts.router, control.router, sillytavern.router]
    return create_family("Mynah as GPT-SoVITS api_v2", services, answer, ErrorBody, routers)
