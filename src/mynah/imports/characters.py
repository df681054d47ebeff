"""GSVI's folders of characters: two files, recordings, and `infer_config.json`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mynah.errors import CheckpointError
from mynah.imports.annotations import base_name, language_of
from mynah.imports.found import Findings, FoundReference, FoundVoice, paired

CONFIG = "infer_config.json"


def read_characters(root: Path) -> Findings:
    """The characters in a folder, in its folder `trained`, or in folders of it."""
    voices, problems = [], []
    places = (CONFIG, f"*/{CONFIG}", f"*/*/{CONFIG}")
    for file in sorted(path for place in places for path in root.glob(place)):
        try:
            voices.append(_character(file.parent, _read(file)))
        except CheckpointError as error:
            problems.append(f"{file.parent.name}: {error}")
    return Findings(voices, problems)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise CheckpointError(f"{CONFIG} is damaged")
    return content


def _character(folder: Path, config: Mapping[str, Any]) -> FoundVoice:
    gpt, doubts = _file(folder, config.get("gpt_path"), ".ckpt")
    sovits, more = _file(folder, config.get("sovits_path"), ".pth")
    emotions = config.get("emotion_list")
    references = list(_references(folder, emotions if isinstance(emotions, dict) else {}))
    lost = len(emotions if isinstance(emotions, dict) else {}) - len(references)
    doubts += [*more, *([f"{lost} emotions without their recording"] if lost else [])]
    return paired(folder.name, gpt, sovits, references, doubts)


def _file(folder: Path, stated: object, suffix: str) -> tuple[Path, list[str]]:
    """A network's file: the stated one, or else the only one."""
    if isinstance(stated, str) and (found := folder / base_name(stated)).is_file():
        return found, []
    others = sorted(folder.glob(f"*{suffix}"))
    if len(others) != 1:
        names = ", ".join(path.name for path in others) or "none"
        raise CheckpointError(f"{CONFIG} names no {suffix} file that is there, of {names}")
    return others[0], [f"{others[0].name} is the only {suffix}, and not the one that is named"]


def _references(folder: Path, emotions: Mapping[str, Any]) -> Iterator[FoundReference]:
    for name, stated in emotions.items():
        values = stated if isinstance(stated, dict) else {}
        path = folder / base_name(str(values.get("ref_wav_path", "")))
        if path.is_file():
            language = language_of(str(values.get("prompt_language", "")))
            yield FoundReference(name, path, str(values.get("prompt_text", "")), language)
