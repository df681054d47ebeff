"""`/control` and the calls that change weights: restricted here, open to anyone in `api_v2`."""

import signal
from typing import Annotated, Literal

from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.background import BackgroundTask

from mynah.checkpoints.folder import CONTENT
from mynah.errors import UnsupportedError
from mynah.server.app import Services
from mynah.server.compat.gpt_sovits.auth import AdminCaller
from mynah.server.compat.gpt_sovits.references import inside
from mynah.server.compat.gpt_sovits.tts import Done
from mynah.server.errors import ScopeError
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf

router = admitting_router(tags=["control"])

WeightsPath = Annotated[str, Field(min_length=1, max_length=1000)]


@router.get("/control")
def control(
    command: Literal["restart", "exit"], _: AdminCaller, services: ServicesOf
) -> JSONResponse:
    """End the server, if its settings allow that."""
    if not services.settings.gpt_sovits_control:
        raise ScopeError("This server is not controlled by calls; set MYNAH_GPT_SOVITS_CONTROL.")
    if command == "restart":
        raise UnsupportedError("Restarting is for whatever keeps the server running; use exit.")
    return JSONResponse({"message": "success"}, background=BackgroundTask(_stop))


@router.get("/set_gpt_weights")
def set_gpt_weights(weights_path: WeightsPath, _: AdminCaller, services: ServicesOf) -> Done:
    """Confirm that these weights are loaded; they cannot be replaced."""
    _confirm(weights_path, ".ckpt", services)
    return Done()


@router.get("/set_sovits_weights")
def set_sovits_weights(weights_path: WeightsPath, _: AdminCaller, services: ServicesOf) -> Done:
    """Confirm that these weights are loaded; they cannot be replaced."""
    _confirm(weights_path, ".pth", services)
    return Done()


def _confirm(path: str, suffix: str, services: Services) -> None:
    # A model folder holds one file of each suffix, so that a file in it is the one that speaks.
    folder = services.settings.model
    file = inside(folder, path) if folder else None
    if file is None or file.suffix != suffix or file.name == CONTENT:
        raise UnsupportedError(
            f"{path:.200} is not what speaks here, and changing it would change every caller's "
            "voice; start a server with `mynah serve --model` for it."
        )


async def _stop() -> None:
    signal.raise_signal(signal.SIGTERM)
