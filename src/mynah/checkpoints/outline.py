"""The outline of a checkpoint file: its names, shapes and config, without its weights.

Only the archive's directory and its pickle are read, and PyTorch is not imported, so that a file
of any size answers at once. The pickle may only build shapes and plain containers.
"""

import hashlib
import io
import pickle
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from mynah.acoustic.flow_matching.config import Shaped
from mynah.errors import CheckpointError

VERSION_TAGS = {b"03": "v3", b"04": "v4", b"05": "v2Pro", b"06": "v2ProPlus"}
"""The tags of released files; v3 and v4 tags mark LoRA files."""

ZIP = b"PK"
"""The signature that a tag stands in place of."""

HEAD = 8192
"""Bytes that tell released base models apart."""

_FOLDER = 0x10  # of the attributes of MS-DOS
_BYTES = {
    "BoolStorage": 1, "ByteStorage": 1, "CharStorage": 1, "HalfStorage": 2, "BFloat16Storage": 2,
    "ShortStorage": 2, "FloatStorage": 4, "IntStorage": 4, "DoubleStorage": 8, "LongStorage": 8,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outline:
    """The content of a checkpoint file but for the numbers in its tensors.

    Attributes:
        weight: tensors, or their shapes, by their released names.
        config: sizes and training settings as plain dictionaries.
        info: a line on the progress of training.
        version_tag: version that the tag names (`v2Pro`, ...); None without a tag.
        head: MD5 of the first 8,192 bytes of the file, which tells released base models apart.
    """

    weight: Mapping[str, Shaped]
    config: Mapping[str, Any]
    info: str = ""
    version_tag: str | None = field(default=None, kw_only=True)
    head: str = field(default="", kw_only=True)


def read_outline(path: Path) -> Outline | None:
    """Read the outline of a file; None if it needs `read_checkpoint`, whose judgement is final.

    Raises:
        CheckpointError: the file cannot be read, or is damaged or no checkpoint.
    """
    try:
        with path.open("rb") as file:
            start = file.read(HEAD)
            tag = version_tag(start, path.name)
            content = _content(file)
    except _UnknownClassError:
        return None
    except OSError as error:
        raise CheckpointError(
            f"cannot read {path.name} ({error.strerror}): check the path and its rights"
        ) from error
    weight, config = content.get("weight"), plain(content.get("config"))
    if not isinstance(weight, dict) or not isinstance(config, dict):
        return None
    shapes = {name: each for name, each in weight.items() if isinstance(each, _Shape)}
    if not shapes or len(shapes) < len(weight):
        return None
    info = str(content.get("info", ""))
    return Outline(shapes, config, info, version_tag=tag, head=head(start))


def version_tag(start: bytes, name: str) -> str | None:
    """The version that a file's first bytes name; None without a tag.

    Raises:
        CheckpointError: they are those of no checkpoint.
    """
    tag = VERSION_TAGS.get(start[:2])
    if tag is None and start[:2] != ZIP:
        raise CheckpointError(
            f"{name} is not a GPT-SoVITS checkpoint (its first bytes are {start[:2]!r}): "
            "pass a .pth or .ckpt file with inference weights"
        )
    return tag


def head(data: bytes) -> str:
    """MD5 of the first bytes of a file."""
    return hashlib.md5(data[:HEAD], usedforsecurity=False).hexdigest()


def check_entries(archive: zipfile.ZipFile) -> None:
    """Refuse an archive as PyTorch writes none.

    Raises:
        zipfile.BadZipFile: an entry is compressed, or a folder.
    """
    # PyTorch inflates whatever it is given.
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
        raise zipfile.BadZipFile("an entry is compressed")
    # PyTorch reads no bytes of a folder, and leaves its tensor uninitialised.
    if any(entry.external_attr & _FOLDER for entry in archive.infolist()):
        raise zipfile.BadZipFile("an entry is a folder")


class HParams:
    """Stand-in for upstream's `utils.HParams`, a bag of attributes in older files."""


def plain(value: object) -> object:
    """The value with plain dictionaries in place of mappings and bags of attributes."""
    if isinstance(value, HParams):
        value = vars(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


@dataclass(frozen=True, slots=True)
class _Shape:
    shape: tuple[int, ...]


class _UnknownClassError(Exception):
    """The pickle asks for a class that outlines do not need."""


class _OutlineUnpickler(pickle.Unpickler):
    """Builds shapes in place of tensors, after a look at the size of their bytes."""

    def __init__(self, data: bytes, sizes: Mapping[str, int]) -> None:
        super().__init__(io.BytesIO(data))
        self._sizes = sizes

    def find_class(self, module: str, name: str) -> object:
        """A class or function of the few that are known."""
        if module == "torch" and name in _BYTES:
            return name
        known = {
            "collections.OrderedDict": OrderedDict,
            "torch._utils._rebuild_tensor_v2": _shape_of,
            "utils.HParams": HParams,
        }
        try:
            return known[f"{module}.{name}"]
        except KeyError:
            raise _UnknownClassError(f"{module}.{name}") from None

    def persistent_load(self, pid: Any) -> None:  # noqa: ANN401 - as the class has it
        """Check that the bytes of a storage are there."""
        _, kind, key, _, count = pid
        if self._sizes.get(f"data/{key}") != _BYTES[kind] * count:
            raise zipfile.BadZipFile(f"the bytes of {key} are missing")


def _shape_of(storage: object, offset: int, size: tuple[int, ...], *_: object) -> _Shape:
    return _Shape(tuple(map(int, size)))


def _content(file: BinaryIO) -> dict[str, object]:
    """The content of an archive.

    Raises:
        CheckpointError: it is damaged.
    """
    try:
        archive = zipfile.ZipFile(file)
        check_entries(archive)
        sizes = {entry.filename.partition("/")[2]: entry for entry in archive.infolist()}
        data = _stored(file, sizes["data.pkl"])
        unpickler = _OutlineUnpickler(data, {name: e.file_size for name, e in sizes.items()})
        content = unpickler.load()
    except (_UnknownClassError, OSError):
        raise
    except Exception as error:
        # A damaged pickle makes Python raise nearly anything.
        name = Path(file.name).name
        raise CheckpointError(
            f"{name} is damaged or incomplete: download or copy it again"
        ) from error
    return content if isinstance(content, dict) else {}


def _stored(file: BinaryIO, entry: zipfile.ZipInfo) -> bytes:
    """The bytes of an entry that is not compressed."""
    # `ZipFile.read` would look for the signature that a tag stands in place of.
    file.seek(entry.header_offset + 26)
    name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
    file.seek(name + extra, io.SEEK_CUR)
    data = file.read(entry.file_size)
    if zlib.crc32(data) != entry.CRC:
        raise zipfile.BadZipFile(f"{entry.filename} has a wrong checksum")
    return data
