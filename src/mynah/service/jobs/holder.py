"""Names of processes that hold leases."""

import os
import socket


def holder_name(pid: int | None = None) -> str:
    """A process of this machine; this one if none is given."""
    return f"{socket.gethostname()}:{os.getpid() if pid is None else pid}"
