"""Where each family is to be found."""

from fastapi import FastAPI

from mynah.config import Settings
from mynah.service.families.elevenlabs.app import create_elevenlabs
from mynah.service.families.gpt_sovits.app import create_gpt_sovits
from mynah.service.services import Services

_ELEVENLABS, _GPT_SOVITS = "elevenlabs", "gpt-sovits"


def mount_families(app: FastAPI, services: Services) -> None:
    """Puts each family under its base path, and the one that the settings name at the root too.

    Call it last: at the root a family takes whatever nothing else does.
    """
    families = {
        _ELEVENLABS: create_elevenlabs(services),
        _GPT_SOVITS: create_gpt_sovits(services),
    }
    for name, family in families.items():
        app.mount(f"/{name}", family)
    if at_root := families.get(services.settings.root):
        app.mount("", at_root)


def own_ports(settings: Settings) -> dict[int, str]:
    """The base path that each port leads to, but for the server's main one."""
    ports = {settings.elevenlabs_port: _ELEVENLABS, settings.gpt_sovits_port: _GPT_SOVITS}
    return {port: f"/{name}" for port, name in ports.items() if port is not None}


def own_path(settings: Settings) -> str:
    """What precedes the paths of Mynah's own API, so that no path means two things."""
    return "" if settings.root == "mynah" else "/mynah"
