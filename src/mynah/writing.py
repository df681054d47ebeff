"""Files that appear whole or not at all."""

import os
import uuid
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file; whoever looks sees the old content or the new, never a part.

    Raises:
        OSError: it cannot be written; what was there is still there then.
    """
    # The name is short and new, so that a long name and a second writer do no harm.
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
