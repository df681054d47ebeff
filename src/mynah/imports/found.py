"""The voices of a folder, before anything is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mynah.checkpoints.detect import (
    flow_matching_version,
    is_flow_matching,
    is_gpt,
    is_lora,
    sovits_version,
)
from mynah.checkpoints.header import read_header
from mynah.errors import CheckpointError
from mynah.semantic.config import SemanticConfig
from mynah.text.symbols import SymbolTable


@dataclass(frozen=True, slots=True)
class FoundReference:
    """A recording and its words.

    Attributes:
        name: of the emotion; empty for the only one.
        path: of the recording.
        text: its words; empty if nobody wrote them down.
        language: of the words, as Mynah's codes have it.
    """

    name: str
    path: Path
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class FoundVoice:
    """A pair of networks that speaks, and references for it.

    Attributes:
        name: of the experiment or character.
        version: of the SoVITS.
        gpt: file of the semantic network.
        sovits: file of the acoustic network.
        lora: true if the SoVITS needs its base model.
        references: the first is the default.
        doubts: a line on each choice that could be another.
    """

    name: str
    version: str
    gpt: Path
    sovits: Path
    lora: bool
    references: Sequence[FoundReference]
    doubts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a folder holds.

    Attributes:
        voices: that can be made.
        problems: a line on each thing that cannot be used.
    """

    voices: Sequence[FoundVoice]
    problems: Sequence[str]


def paired(
    name: str,
    gpt: Path,
    sovits: Path,
    references: Sequence[FoundReference],
    doubts: Sequence[str],
    folder_version: str | None = None,
) -> FoundVoice:
    """A voice of two files, after their headers were read.

    Args:
        name: of the voice.
        gpt: file of the semantic network.
        sovits: file of the acoustic network.
        references: of the voice.
        doubts: so far.
        folder_version: version that the SoVITS's folder names, for files that do not tell.

    Raises:
        CheckpointError: a file cannot be used, or they do not fit each other.
    """
    acoustic, semantic = read_header(sovits), read_header(gpt)
    if not is_gpt(semantic):
        raise CheckpointError(f"{gpt.name} is no GPT")
    more = [] if references else ["no recording with words: give one to speak with"]
    if is_flow_matching(acoustic):
        version = flow_matching_version(acoustic) or folder_version or ""
        if version not in ("v3", "v4"):
            raise CheckpointError(f"{sovits.name} is v3 or v4, and does not tell which")
    else:
        version = sovits_version(acoustic)
    if folder_version and folder_version != version:
        more.append(f"lies among {folder_version}, and is {version}")
    phonemes = SemanticConfig.from_checkpoint(semantic.config).phoneme_vocabulary
    if (phonemes < len(SymbolTable.of("v2"))) != (version == "v1"):
        raise CheckpointError(f"{gpt.name} and {sovits.name} are of v1 and of a later version")
    return FoundVoice(name, version, gpt, sovits, is_lora(acoustic), references, (*doubts, *more))
