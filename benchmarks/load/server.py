"""The server that is measured: `mynah serve`, in a process and a data folder of its own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from mynah.errors import ServerError

VOICE = "mandarin"
"""Of those that come with Mynah."""

_START_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready.

    Attributes:
        url: where.
        secret: a key for it.
        process: its id.
        data: its data folder, if it is known.
    """

    url: str
    secret: str
    process: int
    data: Path | None = None

    def of_owner(self, owner: str) -> "Served":
        """The same server, with a key of another owner."""
        own = {**os.environ, "MYNAH_DATA": str(self.data)}
        return replace(self, secret=_key(sys.executable, own, "--owner", owner))

    def memory(self) -> int:
        """Resident bytes of its process."""
        output = subprocess.check_output(["ps", "-o", "rss=", "-p", str(self.process)], text=True)
        return int(output) * 1024


@contextmanager
def serving(
    model: Path | None,
    port: int,
    python: str = sys.executable,
    environment: Mapping[str, str] = os.environ,
) -> Iterator[Served]:
    """Serve as long as the context is open.

    Args:
        model: folder of a model; the starter without it.
        port: of the server.
        python: the interpreter that has Mynah.
        environment: of the server.

    Raises:
        ServerError: the server ends, or is not ready in time.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = {**environment, "MYNAH_DATA": folder, "MYNAH_PORT": str(port)}
        if model:
            own["MYNAH_MODEL"] = str(model)
        secret = _key(python, own)
        with (Path(folder) / "log").open("w") as log:
            process = subprocess.Popen(_mynah(python, "serve"), env=own, stderr=log)
            # A benchmark that is ended leaves no server behind.
            default = signal.signal(signal.SIGTERM, lambda *_: sys.exit("Terminated."))
            try:
                url = f"http://127.0.0.1:{port}"
                _wait(process, url)
                yield Served(url, secret, process.pid, Path(folder))
            finally:
                process.terminate()
                process.wait()
                signal.signal(signal.SIGTERM, default)


def _key(python: str, environment: Mapping[str, str], *options: str) -> str:
    scopes = ("--scope", "speak", "--scope", "train")
    create = _mynah(python, "keys", "create", "load", *scopes, *options)
    made = subprocess.check_output(create, env=environment, stderr=subprocess.DEVNULL, text=True)
    return made.strip()


def _mynah(python: str, *arguments: str) -> Sequence[str]:
    return [python, "-m", "mynah", *arguments]


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(f"{url}/health/ready").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise ServerError(f"{url} is not ready; run `mynah serve` yourself to see why.")
