"""Text that `mynah serve` prints in a terminal: its address, and a first call."""

import shlex
from collections.abc import Iterator
from ipaddress import ip_address

from mynah.config import Settings
from mynah.runtime.version import package_version
from mynah.server.compat.mount import own_path, own_ports

CREATE_KEY = "mynah keys create me --scope speak --scope train"


def welcome(settings: Settings, port: int, *, keys: bool) -> Iterator[str]:
    """Lines for whoever has started a server.

    Args:
        settings: of the server.
        port: that it listens on.
        keys: true if there are any.
    """
    here = f"http://{_reachable(settings.host)}"
    url = f"{here}:{port}"
    yield f"Mynah {package_version()} listens on {url}"
    yield f"  API     {url}/docs"
    yield f"  health  {url}/health/ready"
    for own, path in own_ports(settings).items():
        yield f"  {path[1:]}  {here}:{own}"
    if settings.grpc_port is not None:
        yield f"  gRPC    {_reachable(settings.host)}:{settings.grpc_port}"
    yield ""
    if settings.no_auth:
        yield "No key is needed. Say something from another terminal:"
    elif keys:
        yield "Say something from another terminal, with one of your keys in MYNAH_KEY:"
    else:
        yield "There are no keys yet, so nobody can call. Make one in another terminal,"
        yield f"  export MYNAH_KEY=$({_data(settings)}{CREATE_KEY})"
        yield "and say something with it:"
    yield from _first_call(f"{url}{own_path(settings)}/v1/audio/speech", settings.no_auth)
    yield "Ctrl-C ends the server."


def _first_call(url: str, no_auth: bool) -> Iterator[str]:
    yield f"  curl -sS --fail-with-body {url} \\"
    if not no_auth:
        yield '    -H "Authorization: Bearer $MYNAH_KEY" \\'
    yield "    -H 'Content-Type: application/json' \\"
    yield """    -d '{"voice": "ljspeech", "input": "Good morning."}' -o morning.mp3"""


def _data(settings: Settings) -> str:
    """The assignment of the data folder in a shell, unless it is the usual one."""
    usual = settings.data == Settings.model_fields["data"].default
    return "" if usual else f"MYNAH_DATA={shlex.quote(str(settings.data.absolute()))} "


def _reachable(host: str) -> str:
    """The host as a URL on this machine has it; one that stands for all addresses is loopback."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "localhost"
    return f"[{host}]" if address.version == 6 else host
