"""The report of `mynah models inspect` on a folder: its parts, and what is missing."""

from pathlib import Path

from mynah.acoustic.flow_matching.config import GEOMETRY, FlowMatchingVersion
from mynah.checkpoints.folder import CONTENT, SPEAKER_ENCODER, candidates, speaker_encoder_file
from mynah.checkpoints.vocoders import VOCODERS, vocoder_file
from mynah.cli.inspect import describe
from mynah.cli.output import one_line
from mynah.encoders.hubert import HUBERT
from mynah.encoders.pretrained import WEIGHTS, Architecture, read_config
from mynah.encoders.roberta import ROBERTA
from mynah.engine.folder import MissingPart, missing_parts
from mynah.text.symbols import SymbolTable


def describe_folder(folder: Path) -> dict[str, str]:
    """The parts of a model, each on a line.

    Raises:
        CheckpointError: a part cannot be read, or is of no known kind.
    """
    missing = {part.name: part for part in missing_parts(folder)}
    rows = {
        "folder": one_line(folder.name),
        "GPT": _network(folder, ".ckpt"),
        "SoVITS": _network(folder, ".pth"),
        "content": _content(folder, missing),
    }
    if (speaker := _speaker_encoder(folder, rows["SoVITS"])) is not None:
        rows["speaker encoder"] = speaker
    for version in GEOMETRY:
        if f", {version}," in rows["SoVITS"]:
            rows["vocoder"] = _vocoder(folder, version)
    if (folder / ROBERTA.name).is_dir() or ROBERTA.name in missing:
        rows["BERT"] = _encoder(folder, ROBERTA, missing)
    return rows


def _network(folder: Path, suffix: str) -> str:
    found = candidates(folder, suffix)
    if not found:
        return f"missing (a {suffix} file): the model cannot speak"
    if len(found) > 1:
        names = one_line(", ".join(path.name for path in found))
        return f"{names}: the model cannot speak until there is only one {suffix} file"
    return _file(found[0])


def _file(path: Path) -> str:
    rows = describe(path)
    version = rows.get("version") or (_gpt_version(rows["symbols"]) if "symbols" in rows else None)
    facts = [rows["kind"], version, rows.get("sizes"), rows.get("rate"), rows["parameters"]]
    return f"{rows['file']}: {', '.join(filter(None, facts))}; trained: {rows['trained'] or '-'}"


def _gpt_version(symbols: str) -> str:
    return "v1" if int(symbols) < len(SymbolTable.of("v2")) else "v2 or later"


def _content(folder: Path, missing: dict[str, MissingPart]) -> str:
    if (folder / CONTENT).is_file():
        return _file(folder / CONTENT)
    return _encoder(folder, HUBERT, missing)


def _speaker_encoder(folder: Path, sovits: str) -> str | None:
    """The speaker encoder, if the model has one or cannot speak without."""
    file = speaker_encoder_file(folder)
    if file is not None:
        return f"{file.relative_to(folder)}: ERes2NetV2 of {file.stat().st_size / 1e6:.0f} MB"
    if ", v2Pro" in sovits:
        return f"missing (sv/{SPEAKER_ENCODER}): the model cannot speak"
    return None


def _vocoder(folder: Path, version: FlowMatchingVersion) -> str:
    file = vocoder_file(folder, version)
    if file is None:
        return f"missing ({VOCODERS[version][0]}): the model cannot speak"
    return f"{file.relative_to(folder)}: {file.stat().st_size / 1e6:.0f} MB"


def _encoder(folder: Path, architecture: Architecture, missing: dict[str, MissingPart]) -> str:
    name = architecture.name
    if name in missing:
        return f"missing ({name}): {missing[name].effect}"
    config = read_config(folder / name, architecture)
    weights = next((each for each in WEIGHTS if (folder / name / each).is_file()), None)
    if weights is None:
        return f"{name}: no weights ({' or '.join(WEIGHTS)}): the model cannot be loaded"
    layers = one_line(str(config.get("num_hidden_layers")))
    size = (folder / name / weights).stat().st_size / 1e6
    return f"{name}: {config['model_type']}, {layers} layers, {weights} of {size:.0f} MB"
