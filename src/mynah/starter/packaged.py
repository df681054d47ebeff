"""The folder of the packaged model; imports no torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from mynah.errors import CheckpointError

WEIGHTS = ("acoustic.pth", "content.pth", "semantic.ckpt")


def has_weights() -> bool:
    """True if this installation has the packaged weights."""
    folder = files(__package__)
    return all(folder.joinpath(name).is_file() for name in WEIGHTS)


@contextmanager
def packaged_model() -> Iterator[Path]:
    """The folder of the packaged weights, for as long as it is entered.

    Raises:
        CheckpointError: this installation has none.
    """
    if not has_weights():
        raise CheckpointError(
            "This version of Mynah comes without the starter's weights; give the folder of "
            "a model (--model), or train the starter with recipes/starter."
        )
    with as_file(files(__package__)) as folder:
        yield folder
