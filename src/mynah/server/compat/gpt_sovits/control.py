"""`/control` and the calls that change weights: restricted here, open to anyone in GPT-SoVITS."""

import signal
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask

from mynah.checkpoints.folder import CONTENT
from mynah.errors import UnsupportedError
from mynah.server.compat.gpt_sovits.auth import AdminCaller
from mynah.server.compat.gpt_sovits.fields import JsonBody
from mynah.server.compat.gpt_sovits.references import inside
from mynah.server.compat.gpt_sovits.tts import Done, FirstApiDone
from mynah.server.errors import ScopeError
from mynah.server.http.admission import admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.services import Services

router = admitting_router(tags=["control"])

WeightsPath = Annotated[str, Field(min_length=1, max_length=1000)]
Command = Literal["restart", "exit"]


class ControlBody(BaseModel):
    """A command."""

    command: Command


class ModelPaths(BaseModel):
    """The weights of both networks."""

    model_config = ConfigDict(protected_namespaces=())

    gpt_model_path: WeightsPath
    sovits_model_path: WeightsPath


@router.get("/control")
def get_control(command: Command, _: AdminCaller, services: ServicesOf) -> JSONResponse:
    """End the server, if its settings allow that."""
    return _control(command, services)


@router.post("/control")
def post_control(body: JsonBody[ControlBody], _: AdminCaller, services: ServicesOf) -> JSONResponse:
    """End the server, if its settings allow that."""
    return _control(body.command, services)


def _control(command: Command, services: Services) -> JSONResponse:
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


@router.get("/set_model")
def get_set_model(
    paths: Annotated[ModelPaths, Query()], _: AdminCaller, services: ServicesOf
) -> FirstApiDone:
    """Confirm that these weights are loaded; they cannot be replaced."""
    return _confirm_both(paths, services)


@router.post("/set_model")
def post_set_model(
    paths: JsonBody[ModelPaths], _: AdminCaller, services: ServicesOf
) -> FirstApiDone:
    """Confirm that these weights are loaded; they cannot be replaced."""
    return _confirm_both(paths, services)


def _confirm_both(paths: ModelPaths, services: Services) -> FirstApiDone:
    _confirm(paths.gpt_model_path, ".ckpt", services)
    _confirm(paths.sovits_model_path, ".pth", services)
    return FirstApiDone()


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
