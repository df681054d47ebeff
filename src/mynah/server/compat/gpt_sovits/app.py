"""The app of GPT-SoVITS's API."""

from fastapi import FastAPI

from mynah.server.app import Services
from mynah.server.compat.app import create_compat_app
from mynah.server.compat.gpt_sovits import control, sillytavern, tts
from mynah.server.compat.gpt_sovits.errors import ErrorBody, answer
from mynah.server.compat.gpt_sovits.references import ReferenceReader


def create_gpt_sovits(services: Services) -> FastAPI:
    """Create `api_v2` on Mynah's services."""
    routers = [tts.router, control.router, sillytavern.router]
    app = create_compat_app("Mynah as GPT-SoVITS api_v2", services, answer, ErrorBody, routers)
    app.state.references = ReferenceReader(services.settings, services.upload_rules)
    return app
