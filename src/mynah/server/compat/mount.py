"""Base paths and ports of the API layers."""

from fastapi import FastAPI

from mynah.config import Settings
from mynah.server.compat.elevenlabs.app import create_elevenlabs
from mynah.server.compat.elevenlabs.errors import answer as answer_elevenlabs
from mynah.server.compat.gpt_sovits.app import create_gpt_sovits
from mynah.server.compat.gpt_sovits.errors import answer as answer_gpt_sovits
from mynah.server.http.errors import ErrorWriterAt, error_response
from mynah.server.services import Services

_MYNAH, _ELEVENLABS, _GPT_SOVITS = "mynah", "elevenlabs", "gpt-sovits"
_WRITES = {_MYNAH: error_response, _ELEVENLABS: answer_elevenlabs, _GPT_SOVITS: answer_gpt_sovits}


def mount_layers(app: FastAPI, services: Services) -> None:
    """Mount each API layer under its base path, and the one that the settings name at the root too.

    Call it last: at the root an API layer matches all remaining paths.
    """
    layers = {
        _ELEVENLABS: create_elevenlabs(services),
        _GPT_SOVITS: create_gpt_sovits(services),
    }
    for name, layer in layers.items():
        app.mount(f"/{name}", layer)
    if at_root := layers.get(services.settings.root):
        app.mount("", at_root)


def own_ports(settings: Settings) -> dict[int, str]:
    """The base path of each API layer's own port."""
    ports = {settings.elevenlabs_port: _ELEVENLABS, settings.gpt_sovits_port: _GPT_SOVITS}
    return {port: f"/{name}" for port, name in ports.items() if port is not None}


def own_path(settings: Settings) -> str:
    """The prefix of Mynah's own API, so that no path means two things."""
    return "" if settings.root == _MYNAH else f"/{_MYNAH}"


def write_at(settings: Settings) -> ErrorWriterAt:
    """Return the error writer of each path's API layer."""
    return lambda path: _WRITES.get(path.split("/")[1], _WRITES[settings.root])
