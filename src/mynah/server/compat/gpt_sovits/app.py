"""The app of GPT-SoVITS's API."""

from fastapi import FastAPI

from mynah.server.compat.app import create_compat_app
from mynah.server.compat.gpt_sovits import control, gsvi, sillytavern, tts
from mynah.server.compat.gpt_sovits.default_references import DefaultReferences
from mynah.server.compat.gpt_sovits.errors import ErrorBody, write_at
from mynah.server.compat.gpt_sovits.references import ReferenceReader
from mynah.server.services import Services


def create_gpt_sovits(services: Services) -> FastAPI:
    """Create GPT-SoVITS's APIs on Mynah's services."""
    routers = [tts.router, control.router, sillytavern.router, gsvi.router]
    app = create_compat_app("Mynah as GPT-SoVITS", services, write_at, ErrorBody, routers)
    app.state.default_references = DefaultReferences()
    app.state.references = ReferenceReader(services.settings, services.upload_rules)
    return app
