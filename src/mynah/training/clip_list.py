"""Lists of clips as GPT-SoVITS's tools write them: `path|speaker|language|text`, one a line."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mynah.errors import OptionError, TextError
from mynah.text.frontend import analyse
from mynah.text.languages.registry import CODES
from mynah.training.left_out import LeftOut

ANY_LANGUAGE = "auto"
_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class ListedClip:
    """A line of a list.

    Attributes:
        path: as it is written, with slashes or backslashes.
        language: its code, in lower case.
        text: its words; None if the list has none.
    """

    path: str
    language: str
    text: str | None

    @property
    def name(self) -> str:
        """Name of the file, by which clips are told apart; paths are often another machine's."""
        return file_name(self.path)


@dataclass(frozen=True, slots=True, eq=False)
class ClipList:
    """The clips of a list that can be used.

    Attributes:
        clips: in the list's order, each name once.
        left_out: the others, with reasons.
    """

    clips: Sequence[ListedClip]
    left_out: Sequence[LeftOut]

    @property
    def language(self) -> str:
        """The language of all clips; `auto` if they have several."""
        languages = {clip.language for clip in self.clips}
        return languages.pop() if len(languages) == 1 else ANY_LANGUAGE


def file_name(path: str) -> str:
    """The last part of a path of any system, in Unicode's composed form."""
    return unicodedata.normalize("NFC", path.replace("\\", "/").rpartition("/")[2].strip())


def read_clip_list(data: bytes, most: int, language: str = ANY_LANGUAGE) -> ClipList:
    """Read a list.

    Args:
        data: the file, in UTF-8.
        most: lines.
        language: of every text; `auto` takes that of each line.

    Raises:
        OptionError: it is no such list, or too long; the message names the line.
    """
    clips: dict[str, ListedClip] = {}
    left_out = []
    for clip in _lines(data, most):
        given = clip.language if language == ANY_LANGUAGE else language
        why = _objection(clip, given) if clip.name not in clips else "The list has it twice."
        if why:
            left_out.append(LeftOut(clip.name, why))
        else:
            clips[clip.name] = ListedClip(clip.path, given, clip.text)
    return ClipList(list(clips.values()), left_out)


def _lines(data: bytes, most: int) -> Iterator[ListedClip]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OptionError("The list of clips is not UTF-8; save it as UTF-8.") from None
    lines = [line for line in enumerate(text.split("\n"), 1) if line[1].strip()]
    if len(lines) > most:
        raise OptionError(f"The list has {len(lines)} clips, and a training {most}; shorten it.")
    for number, line in lines:
        columns = line.split("|", _COLUMNS - 1)
        if len(columns) < _COLUMNS or not file_name(columns[0]):
            raise OptionError(
                f"Line {number} of the list of clips is not path|speaker|language|text; correct it."
            )
        path, _, language, words = (column.strip() for column in columns)
        yield ListedClip(path, language.lower(), words or None)


def _objection(clip: ListedClip, language: str) -> str | None:
    if language not in CODES:
        return f"Its language {language[:20]!r} is not one of {', '.join(CODES)}."
    try:
        if clip.text:
            analyse(clip.text, language)
    except TextError as error:
        return str(error)
    return None
