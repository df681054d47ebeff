"""Content encoder files to modules, and back; the starter's own kind, in the released format."""

from dataclasses import asdict
from pathlib import Path

from mynah.checkpoints.assign import assign_weights
from mynah.checkpoints.file import Checkpoint, read_checkpoint, write_checkpoint
from mynah.errors import CheckpointError
from mynah.voice.content import ContentConfig, ContentEncoder


def load_content(path: Path) -> ContentEncoder:
    """Reads a content encoder, in float32 on the CPU, in evaluation mode.

    Raises:
        CheckpointError: the file cannot be read, or is no content encoder.
    """
    checkpoint = read_checkpoint(path)
    try:
        encoder = ContentEncoder(ContentConfig(**checkpoint.config["content"]))
    except (KeyError, TypeError, ValueError, RuntimeError):
        raise CheckpointError(
            f"{path.name} is not a content encoder: pass the file that came with the model"
        ) from None
    assign_weights(encoder, checkpoint.weight)
    return encoder.eval()


def save_content(encoder: ContentEncoder, path: Path, *, info: str) -> None:
    """Writes a content encoder, float16, whole or not at all.

    Raises:
        CheckpointError: the folder cannot be written to.
    """
    config = {"content": asdict(encoder.config)}
    write_checkpoint(path, Checkpoint(encoder.state_dict(), config, info, version_tag=None))
