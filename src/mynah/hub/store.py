"""The folder that pulled models are kept in: each file once, linked from every model with it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mynah.errors import CheckpointError, OptionError
from mynah.hub.catalogue import RELEASES, Release, ReleasedFile
from mynah.hub.download import Received, RemoteFile, describe, fetch
from mynah.hub.source import Source

_FILES = "files"


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that a pull has to fetch."""

    file: ReleasedFile
    remote: RemoteFile


def release_named(name: str) -> Release:
    """A release by its name.

    Raises:
        OptionError: there is none.
    """
    if name not in RELEASES:
        raise OptionError(f"There is no model {name}; there are {', '.join(RELEASES)}.")
    return RELEASES[name]


@dataclass(frozen=True, slots=True)
class ModelStore:
    """Pulled models, in a folder each.

    Attributes:
        root: of the folders.
    """

    root: Path

    def folder(self, name: str) -> Path:
        """The folder of a model, which need not be there."""
        return self.root / name

    def has(self, name: str) -> bool:
        """True if all files of a model are there."""
        return all((self.folder(name) / each.path).is_file() for each in RELEASES[name].files)

    def size(self, name: str) -> int:
        """Bytes of a model's files that are there, also those that others share."""
        paths = (self.folder(name) / each.path for each in RELEASES[name].files)
        return sum(path.stat().st_size for path in paths if path.is_file())

    def missing(self, name: str, source: Source) -> list[Missing]:
        """The files that a pull of a model has to fetch, with their sizes.

        Raises:
            CheckpointError: the source does not give them; it says where each file goes.
        """
        lacking = [each for each in release_named(name).files if not self._shared(each).is_file()]
        lacking = [each for each in lacking if not (self.folder(name) / each.path).is_file()]
        try:
            return [Missing(each, describe(source.url(each))) for each in lacking]
        except CheckpointError as error:
            raise CheckpointError(f"{error}; {self._by_hand(name, lacking)}") from None

    def pull(self, name: str, missing: Sequence[Missing], received: Received) -> Path:
        """Fetch what is missing of a model, and give its folder.

        Raises:
            CheckpointError: a file broke off, or is wrong; what arrived is kept and gone on with.
        """
        try:
            self._check_space(missing)
            for each in missing:
                fetch(each.remote, self._shared(each.file), received)
            for file in release_named(name).files:
                self._link(file, self.folder(name) / file.path)
        except OSError as error:
            raise CheckpointError(
                f"{self.root} cannot be written ({error.strerror}); check its rights and space, or "
                "choose another folder by MYNAH_MODELS"
            ) from error
        return self.folder(name)

    def remove(self, name: str) -> int:
        """Remove a model, and the files that no other one has; gives the bytes that are free now.

        Raises:
            OptionError: it is not there.
        """
        release_named(name)
        if not self.folder(name).is_dir():
            raise OptionError(f"{name} is not there; `mynah models list` shows the models.")
        shutil.rmtree(self.folder(name))
        freed = 0
        for path in (self.root / _FILES).rglob("*"):
            if path.is_file() and path.stat().st_nlink == 1:
                freed += path.stat().st_size
                path.unlink()
        return freed

    def _shared(self, file: ReleasedFile) -> Path:
        return self.root / _FILES / file.mirror

    def _link(self, file: ReleasedFile, path: Path) -> None:
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.hardlink_to(self._shared(file))

    def _check_space(self, missing: Sequence[Missing]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        need, free = sum(each.remote.size for each in missing), shutil.disk_usage(self.root).free
        if need > free:
            raise CheckpointError(
                f"{self.root} has {free / 1e9:.1f} GB of space for {need / 1e9:.1f} GB; "
                "make room, or choose another folder by MYNAH_MODELS"
            )

    def _by_hand(self, name: str, files: Sequence[ReleasedFile]) -> str:
        places = ", ".join(
            f"{each.origin} of {each.repository} as {self.folder(name) / each.path}"
            for each in files
        )
        return f"try --from with another source, or copy by hand: {places}"
