"""Headers of checkpoint files: all that they hold but the values of their tensors.

They are read without PyTorch, whose import alone takes a second, and without the bytes of the
tensors. A pickle is read with the few names that such files have; any other name is refused.
"""

import hashlib
import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mynah.errors import CheckpointError
from mynah.runtime.files import read_regular

VERSION_TAGS = {b"03": "v3", b"04": "v4", b"05": "v2Pro", b"06": "v2ProPlus"}
"""The tags of released files; v3 and v4 tags mark LoRA files."""

ZIP = b"PK"
_HEAD = 8192
_DEEPEST = 50
"""Levels of containers within each other; released files have four."""
_MOST_VALUES = 1_000_000
"""Values of all containers, each as often as it is referred to."""
_ITEM_BYTES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2,
    "LongStorage": 8, "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1,
    "BoolStorage": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor that was not read.

    Attributes:
        shape: its sizes.
        item_bytes: of a value.
    """

    shape: tuple[int, ...]
    item_bytes: int


@dataclass(frozen=True, slots=True)
class CheckpointHeader:
    """A checkpoint without the values of its tensors; see `Checkpoint` for the attributes."""

    weight: Mapping[str, StoredTensor]
    config: Mapping[str, Any]
    info: str
    version_tag: str | None
    head: str


def read_header(path: Path) -> CheckpointHeader:
    """Read the header of a checkpoint.

    Raises:
        CheckpointError: the file is missing, truncated, not a checkpoint, or its pickle asks for
            more than tensors and plain containers.
    """
    try:
        data = read_regular(path, _HEAD)
    except OSError as error:
        raise unreadable(path, error) from error
    tag = version_tag(data, path)
    content = _content(path)
    if isinstance(content, dict):
        weight, config = content.get("weight"), content.get("config")
        if isinstance(weight, dict) and _names_tensors(weight) and isinstance(config, dict):
            return CheckpointHeader(weight, config, str(content.get("info", "")), tag, digest(data))
    raise incomplete(path)


def digest(data: bytes) -> str:
    """MD5 of the first bytes of a file, which tells released base models apart."""
    return hashlib.md5(data[:_HEAD], usedforsecurity=False).hexdigest()


def version_tag(data: bytes, path: Path) -> str | None:
    """The version that the first two bytes of a file name; None for a plain file.

    Raises:
        CheckpointError: no checkpoint begins so.
    """
    tag = VERSION_TAGS.get(data[:2])
    if tag is None and data[:2] != ZIP:
        raise CheckpointError(
            f"{path.name} is not a GPT-SoVITS checkpoint (its first bytes are {data[:2]!r}): "
            "pass a .pth or .ckpt file with inference weights"
        )
    return tag


def unreadable(path: Path, error: OSError) -> CheckpointError:
    """The error of a file that the system does not give."""
    return CheckpointError(
        f"cannot read {path.name} ({error.strerror}): check the path and its rights"
    )


def damaged(path: Path) -> CheckpointError:
    """The error of a file that no checkpoint was left in."""
    return CheckpointError(f"{path.name} is damaged or incomplete: download or copy it again")


def foreign(path: Path, names: Sequence[str]) -> CheckpointError:
    """The error of a file that calls for names other than those of tensors."""
    return CheckpointError(
        f"{path.name} was not loaded, because it calls for {', '.join(sorted(names))}, "
        "which could run code: use a file that holds only weights, from a source you trust"
    )


def incomplete(path: Path) -> CheckpointError:
    """The error of a file that holds something else."""
    return CheckpointError(
        f"{path.name} does not hold weights and a configuration: "
        "pass a file with inference weights, not a training state"
    )


class HParams:
    """Stand-in for upstream's `utils.HParams`, a bag of attributes in older files."""


class _ForeignNameError(Exception):
    """A pickle calls for a name that is none of a tensor's."""


class _Untagged(io.FileIO):
    """A file whose first two bytes read as those of a zip file."""

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - as `io.RawIOBase` has it
        """Read into a buffer."""
        start = self.tell()
        count = super().readinto(buffer) or 0
        view = memoryview(buffer).cast("B")
        for place in range(start, min(len(ZIP), start + count)):
            view[place - start] = ZIP[place]
        return count


class _HeaderUnpickler(pickle.Unpickler):
    """Unpickler that knows tensors by their shapes.

    Args:
        file: the pickle.
        sizes: bytes of the storages, by their keys.
    """

    def __init__(self, file: io.BufferedIOBase, sizes: Mapping[str, int]) -> None:
        super().__init__(file)
        self._sizes = sizes
        # A class of its own, since a pickle can set attributes of what it names.
        self._names: dict[str, Callable[..., object]] = {
            "collections.OrderedDict": OrderedDict,
            "torch._utils._rebuild_tensor_v2": _tensor,
            "torch._utils._rebuild_parameter": lambda data, *_: data,
            "utils.HParams": type("HParams", (HParams,), {}),
        }

    def find_class(self, module: str, name: str) -> object:
        """The stand-in of a name.

        Raises:
            _ForeignNameError: there is none.
        """
        if module == "torch" and name in _ITEM_BYTES:
            return name
        known = self._names.get(f"{module}.{name}")
        if known is None:
            raise _ForeignNameError(f"{module}.{name}")
        return known

    def persistent_load(self, pid: tuple[str, str, str, str, int]) -> int:
        """The bytes of a value of a storage, which must be in the file.

        Raises:
            UnpicklingError: it is not.
        """
        _, kind, key, _, count = pid
        if self._sizes.get(key, -1) < count * _ITEM_BYTES[kind]:
            raise pickle.UnpicklingError(f"the storage {key} is incomplete")
        return _ITEM_BYTES[kind]


def _tensor(item_bytes: int, offset: int, shape: Sequence[int], *_: object) -> StoredTensor:
    return StoredTensor(tuple(map(int, shape)), item_bytes)


def _content(path: Path) -> object:
    try:
        with io.BufferedReader(_Untagged(path)) as file, zipfile.ZipFile(file) as archive:
            entries = {each.filename: each for each in archive.infolist()}
            whole = all(each.compress_type == zipfile.ZIP_STORED for each in entries.values())
            root = next(name for name in entries if name.endswith("data.pkl"))
            data = f"{root.removesuffix('data.pkl')}data/"
            sizes = {name.removeprefix(data): each.file_size for name, each in entries.items()}
            if whole:
                with archive.open(root) as pickled:
                    content = _HeaderUnpickler(io.BytesIO(pickled.read()), sizes).load()
                    check_nesting(content, path)
                    return plain(content)
    except CheckpointError:
        raise
    except _ForeignNameError as error:
        raise foreign(path, error.args) from None
    except Exception as error:
        # A damaged pickle makes Python raise nearly anything.
        raise damaged(path) from error
    raise damaged(path)


def check_nesting(content: object, path: Path) -> None:
    """Refuse what no release has: deep nesting, or containers that are in themselves.

    Raises:
        CheckpointError: that is so.
    """
    left, seen = [(content, 0)], 0
    while left:
        value, depth = left.pop()
        seen += 1
        if depth > _DEEPEST or seen > _MOST_VALUES:
            raise CheckpointError(
                f"{path.name} has values nested too deeply: pass a file with inference weights"
            )
        left += [(each, depth + 1) for each in _inside(value)]


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, HParams):
        value = vars(value)
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple | set | frozenset) else ()


def plain(value: object) -> object:
    """Plain dictionaries in place of mappings and of `HParams`."""
    if isinstance(value, HParams):
        value = vars(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


def _names_tensors(weight: Mapping[object, object]) -> bool:
    return bool(weight) and all(
        isinstance(name, str) and isinstance(tensor, StoredTensor)
        for name, tensor in weight.items()
    )
