"""Upstream's working tree: `GPT_weights*/`, `SoVITS_weights*/`, `weight.json`, `logs/`."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mynah.errors import CheckpointError
from mynah.imports.annotations import Annotations, base_name
from mynah.imports.found import Findings, paired

_GPT = re.compile(r"(?P<name>.+)-e(?P<epoch>\d+)")
_SOVITS = re.compile(r"(?P<name>.+)_e(?P<epoch>\d+)_s\d+(_l\d+)?")


def is_working_tree(root: Path) -> bool:
    """True for a folder with GPT-SoVITS's folders of weights."""
    return any(path.is_dir() for path in root.glob("SoVITS_weights*"))


def read_working_tree(root: Path) -> Findings:
    """Pair the files of a working tree by name, version and the last choice of the web form."""
    chosen = _last_choices(root / "weight.json")
    annotations = Annotations(root)
    gpts = _by_experiment(root, "GPT_weights*/*.ckpt", _GPT)
    acoustic = _by_experiment(root, "SoVITS_weights*/*.pth", _SOVITS)
    voices, problems = [], []
    for (name, version), files in _by_folder(acoustic):
        sovits, doubts = _choose(files, chosen)
        reference = annotations.reference(name)
        try:
            gpt, more = _gpt(gpts.get(name, []), version, sovits, chosen)
            references = [reference] if reference else []
            voices.append(paired(name, gpt, sovits, references, [*doubts, *more], version))
        except CheckpointError as error:
            problems.append(f"{name} ({version}): {error}")
    alone = sorted(gpts.keys() - acoustic.keys())
    problems += [f"{name}: a GPT without a SoVITS" for name in alone]
    return Findings(sorted(voices, key=lambda voice: (voice.name, voice.version)), problems)


def _gpt(
    files: Sequence[Path], version: str, sovits: Path, chosen: frozenset[str]
) -> tuple[Path, list[str]]:
    """The GPT of an experiment for a version, and the doubts about it."""
    if not files:
        raise CheckpointError(f"there is no GPT of this name for {sovits.name}")
    own = [path for path in files if _folder_version(path) == version]
    fitting = [path for path in files if (_folder_version(path) == "v1") == (version == "v1")]
    gpt, doubts = _choose(own or fitting or files, chosen)
    return gpt, doubts if own else [*doubts, f"the GPT lies among {_folder_version(gpt)}"]


def _choose(files: Sequence[Path], chosen: frozenset[str]) -> tuple[Path, list[str]]:
    """The file that was chosen last, or else of the last epoch, and the doubts about it."""
    for path in files:
        if path.name in chosen:
            return path, []
    newest = max(files, key=_epoch)
    if len(files) == 1:
        return newest, []
    return newest, [f"{newest.name} is the last of {len(files)} epochs"]


def _epoch(path: Path) -> int:
    match = _GPT.fullmatch(path.stem) or _SOVITS.fullmatch(path.stem)
    return int(match["epoch"]) if match else 0


def _by_experiment(root: Path, pattern: str, names: re.Pattern[str]) -> Mapping[str, list[Path]]:
    found = defaultdict(list)
    for path in sorted(root.glob(pattern)):
        match = names.fullmatch(path.stem)
        found[match["name"] if match else path.stem].append(path)
    return found


def _by_folder(
    experiments: Mapping[str, list[Path]],
) -> Iterator[tuple[tuple[str, str], list[Path]]]:
    for name, paths in experiments.items():
        for version in sorted({_folder_version(path) for path in paths}):
            yield (name, version), [path for path in paths if _folder_version(path) == version]


def _folder_version(path: Path) -> str:
    return path.parent.name.partition("weights")[2].lstrip("_") or "v1"


def _last_choices(file: Path) -> frozenset[str]:
    """Base names of the files that `weight.json` names; it may be missing, or hold anything."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return frozenset()
    return frozenset(map(base_name, _strings(content)))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
