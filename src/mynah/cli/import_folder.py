"""`mynah import`."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import typer

from mynah.audio.kinds import KINDS
from mynah.cli.clips import LARGEST
from mynah.cli.output import one_line
from mynah.config import Settings
from mynah.errors import MynahError, OptionError
from mynah.hub.catalogue import RELEASES
from mynah.hub.store import ModelStore
from mynah.imports.characters import read_characters
from mynah.imports.found import Findings, FoundReference, FoundVoice
from mynah.imports.working_tree import is_working_tree, read_working_tree
from mynah.server.access.keys import OPERATOR
from mynah.server.errors import VoiceExistsError
from mynah.server.stores import Stores, make_stores
from mynah.server.voices.store import NewRecording
from mynah.server.voices.uploads import UploadRules, admit, check_words

_PRETRAINED = Path("GPT_SoVITS") / "pretrained_models"
_NETWORKS = (".ckpt", ".pth")


def import_folder(root: Path, settings: Settings, *, yes: bool) -> None:
    """Show what can be made of a folder, and make it after it was agreed to.

    Raises:
        OptionError: there is nothing in it.
    """
    findings = read(root)
    store = ModelStore(settings.models)
    new = [voice for voice in findings.voices if not store.folder(_model(voice)).exists()]
    for row in _rows(findings, new):
        typer.echo("\t".join(map(one_line, row)))
    for problem in findings.problems:
        typer.echo(f"not made: {one_line(problem)}", err=True)
    if not new:
        typer.echo("There is nothing new to make.")
        return
    if not yes:
        typer.confirm(f"Make {len(new)} in {store.root} and {settings.data}?", abort=True)
    with closing(make_stores(settings)) as stores:
        for voice in new:
            _make(voice, root, store, stores)


def read(root: Path) -> Findings:
    """Read a folder of either kind.

    Raises:
        OptionError: there is no folder, or nothing in it.
    """
    if not root.is_dir():
        raise OptionError(f"There is no folder {root}; give GPT-SoVITS's, or one of characters.")
    trees = read_working_tree(root) if is_working_tree(root) else Findings((), ())
    characters = read_characters(root)
    voices, problems = (
        (*trees.voices, *characters.voices),
        (*trees.problems, *characters.problems),
    )
    if not voices and not problems:
        raise OptionError(
            f"{root} has no folder SoVITS_weights… and no infer_config.json; give the folder of "
            "GPT-SoVITS, or one of GSVI's characters."
        )
    return Findings(voices, problems)


def _rows(findings: Findings, new: Sequence[FoundVoice]) -> Iterator[tuple[str, ...]]:
    yield "model", "version", "GPT", "SoVITS", "voices", "doubts"
    for voice in findings.voices:
        names = ", ".join(_voice_name(voice, each) for each in voice.references) or "-"
        doubts = "; ".join(voice.doubts) if voice in new else "there already"
        yield _model(voice), voice.version, voice.gpt.name, voice.sovits.name, names, doubts or "-"


def _model(voice: FoundVoice) -> str:
    # One component of a path, and no name of a release.
    name = re.sub(r"[/\\\x00-\x1f\x7f]", "_", voice.name).strip(". ")[:80]
    return f"{name}-{voice.version}"


def _voice_name(voice: FoundVoice, reference: FoundReference) -> str:
    first = reference is voice.references[0]
    return _model(voice) if first else f"{_model(voice)}-{reference.name}".replace("/", "_")[:100]


def _make(voice: FoundVoice, root: Path, store: ModelStore, stores: Stores) -> None:
    """Make the folder of a model, of links, and a voice of each of its references."""
    folder = store.folder(_model(voice))
    try:
        lacking = _link(voice, root, store, folder)
        made = [name for each in voice.references if (name := _add(voice, each, stores))]
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (OSError, MynahError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        typer.echo(f"not made: {one_line(f'{_model(voice)}: {error}')}", err=True)
        return
    typer.echo(one_line(f"{folder}, voices: {', '.join(made) or 'none'}"))
    if lacking:
        typer.echo(
            one_line(
                f"{_model(voice)} lacks {', '.join(lacking)}: `mynah models pull {voice.version}` "
                "fetches them; then remove the folder, and import again"
            ),
            err=True,
        )


def _link(voice: FoundVoice, root: Path, store: ModelStore, folder: Path) -> list[str]:
    """Link the networks and the parts beside them; gives the parts that are nowhere."""
    folder.mkdir(parents=True)
    for network in (voice.gpt, voice.sovits):
        (folder / network.name).symlink_to(network.resolve())
    lacking = []
    for file in RELEASES[voice.version].files:
        own = file.path.endswith(_NETWORKS) and "/" not in file.path
        if own and not (voice.lora and file.path.startswith("s2G")):
            continue
        places = (root / _PRETRAINED / file.mirror, store.folder(voice.version) / file.path)
        place = next((path for path in places if path.is_file()), None)
        if place is None:
            lacking.append(file.path)
            continue
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).symlink_to(place.resolve())
    return lacking


def _add(voice: FoundVoice, reference: FoundReference, stores: Stores) -> str | None:
    """Create a voice of a reference; None if its recording or its words cannot be used."""
    name = _voice_name(voice, reference)
    rules = UploadRules(KINDS, LARGEST, stores.settings.train_longest_seconds)
    try:
        check_words([reference.text], 1, reference.language)
        clip = NewRecording(admit(reference.path.read_bytes(), rules), reference.text or None)
        stores.voices.create(OPERATOR, name, [clip], reference.language, {}, consent=None)
    except VoiceExistsError:
        return name
    except MynahError as error:
        typer.echo(one_line(f"no voice {name}: {error}"), err=True)
        return None
    return name
