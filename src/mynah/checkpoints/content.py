"""Content encoder files to modules, and back; the starter's own kind, in the released format."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mynah.acoustic.sovits.config import CODEBOOK_SIZE
from mynah.checkpoints.file import Checkpoint, read_checkpoint, write_checkpoint
from mynah.checkpoints.weights import assign_weights
from mynah.encoders.ctc_aligner import AlignerConfig, CTCAligner
from mynah.errors import CheckpointError
from mynah.voice.sounds import PAUSE, Sounds


def load_content(path: Path) -> CTCAligner:
    """Reads a content encoder, in float32 on the CPU, in evaluation mode.

    Raises:
        CheckpointError: the file cannot be read, or is no content encoder.
    """
    checkpoint = read_checkpoint(path)
    try:
        config = AlignerConfig(**checkpoint.config["content"])
        encoder = CTCAligner(config, _sounds(checkpoint.config.get("sounds"), config.symbols))
    except (KeyError, TypeError, ValueError, RuntimeError):
        raise CheckpointError(
            f"{path.name} is not a content encoder: pass the file that came with the model"
        ) from None
    assign_weights(encoder, checkpoint.weight)
    return encoder.eval()


def save_content(encoder: CTCAligner, path: Path, *, info: str) -> None:
    """Writes a content encoder, float16, whole or not at all.

    Raises:
        CheckpointError: the folder cannot be written to.
    """
    config: dict[str, Any] = {"content": asdict(encoder.config)}
    if encoder.sounds:
        config["sounds"] = asdict(encoder.sounds)
    write_checkpoint(path, Checkpoint(encoder.state_dict(), config, info, version_tag=None))


def _sounds(tables: Mapping[str, Any] | None, symbols: int) -> Sounds | None:
    if tables is None:
        return None
    of_tokens, of_phones = (tuple(map(int, tables[name])) for name in ("of_tokens", "of_phones"))
    fits = (len(of_tokens), len(of_phones)) == (CODEBOOK_SIZE, symbols)
    if not fits or min(of_tokens) < 0 or not {PAUSE, *of_phones} <= {*of_tokens}:
        raise ValueError("these tables of sounds do not belong to the tokens and phonemes")
    return Sounds(of_tokens, of_phones)
