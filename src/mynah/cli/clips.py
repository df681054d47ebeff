"""Recordings that `mynah train` is given: files, folders, and a list with their words."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path

from mynah.audio.kinds import KINDS, SUFFIXES
from mynah.config import MEBIBYTE, Settings
from mynah.errors import OptionError, RecordingError
from mynah.server.jobs.clips import ClipSource, admit_dataset, listed_sources
from mynah.server.jobs.dataset import Dataset
from mynah.server.voices.uploads import UploadRules, check_words
from mynah.training.clip_list import ClipList, file_name, read_clip_list
from mynah.training.left_out import LeftOut

LARGEST = 256 * MEBIBYTE
"""Bytes of a recording; five minutes in stereo at 96 kHz and 32 bits have less."""


def clips_of(
    settings: Settings,
    given: Sequence[Path],
    texts: Sequence[str],
    clip_list: Path | None,
    language: str,
) -> tuple[str, Dataset]:
    """Read recordings and their words.

    Args:
        settings: with the limits.
        given: files and folders.
        texts: of the first files.
        clip_list: in place of texts; None if there is none.
        language: of the words; `auto` takes that of the list.

    Returns:
        The language of the words, and the recordings that can be learned from.

    Raises:
        MynahError: something given cannot be used.
    """
    left_out: Sequence[LeftOut] = ()
    if clip_list is None:
        paths = list(_files(given))
        check_words(texts, len(paths), language)
        sources = [_source(path, text) for path, text in zip_longest(paths, texts)]
    elif texts:
        raise OptionError("Both --text and --list are given; leave one of them out.")
    else:
        listed = read_clip_list(_read(clip_list, LARGEST), settings.train_recordings, language)
        paths = list(_files(given)) or _listed_files(listed, clip_list.parent)
        lost = f"There is no such file in {', '.join(map(str, given)) or 'the folders it names'}."
        sources, left_out = listed_sources(listed, [_source(path, None) for path in paths], lost)
        language = listed.language
    if len(sources) > settings.train_recordings:
        raise OptionError(
            f"There are {len(sources)} recordings, and a training has at most "
            f"{settings.train_recordings}; give fewer, or set MYNAH_TRAIN_RECORDINGS."
        )
    longest = settings.train_longest_seconds
    rules = UploadRules(KINDS, LARGEST, longest)
    return language, admit_dataset(sources, rules, longest, left_out)


def _files(given: Iterable[Path]) -> Iterator[Path]:
    """The files given, and the audio files in the folders given."""
    for path in given:
        if path.is_dir():
            inside = (each for each in sorted(path.rglob("*")) if each.is_file())
            yield from (each for each in inside if each.suffix.lower() in SUFFIXES)
        else:
            yield path


def _listed_files(listed: ClipList, beside: Path) -> list[Path]:
    """Files of a list that are where it says, by paths of this system, or beside the list."""
    tried = ((Path(clip.path), beside / clip.path, beside / clip.name) for clip in listed.clips)
    found = (next(filter(Path.is_file, paths), None) for paths in tried)
    return [path for path in found if path is not None]


def _source(path: Path, text: str | None) -> ClipSource:
    return ClipSource(file_name(path.name), text, partial(_read, path, LARGEST + 1))


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be read ({error.strerror}); give the path of a recording."
        ) from None
