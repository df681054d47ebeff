"""References by the annotations of GPT-SoVITS: `.list` files and `logs/`."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import soundfile

from mynah.imports.found import FoundReference

SHORTEST_SECONDS, LONGEST_SECONDS = 3.0, 10.0
LANGUAGES: Mapping[str, str] = {
    "zh": "zh", "en": "en", "ja": "ja", "jp": "ja", "ko": "ko", "yue": "yue",
    "中文": "all_zh", "粤语": "all_yue", "英文": "en", "日文": "all_ja", "韩文": "all_ko",
    "中英混合": "zh", "粤英混合": "yue", "日英混合": "ja", "韩英混合": "ko",
    "多语种混合": "auto", "多语种混合(粤语)": "auto_yue",
}  # fmt: skip
"""Names and codes of languages, in lower case, to Mynah's codes."""
_FIELDS = 4


def language_of(name: str) -> str:
    """The code of a language by its name or code; `auto` if it is neither."""
    return LANGUAGES.get(name.strip().lower(), "auto")


def base_name(path: str) -> str:
    """The last part of a path of any system."""
    return re.split(r"[\\/]", path.strip())[-1]


class Annotations:
    """The annotated recordings of a working tree.

    Args:
        root: of the tree.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listed = {
            base_name(path): (speaker, language_of(language), text)
            for file in sorted(root.rglob("*.list"))
            for path, speaker, language, text in _lines(file, "|")
        }

    def reference(self, experiment: str) -> FoundReference | None:
        """The first recording of 3 to 10 seconds of an experiment; None if there is none."""
        for name, language, text in self._of(experiment):
            for folder in (self._root / "logs" / experiment / "5-wav32k", self._root):
                path = folder / name
                if text and path.is_file() and _fits(path):
                    return FoundReference("", path, text, language)
        return None

    def _of(self, experiment: str) -> Iterator[tuple[str, str, str]]:
        """Base names, languages and texts of the recordings."""
        names = self._root / "logs" / experiment / "2-name2text.txt"
        for name, _, _, text in _lines(names, "\t") if names.is_file() else ():
            _, language, written = self._listed.get(name, ("", "auto", text))
            yield name, language, written
        for name, (speaker, language, text) in self._listed.items():
            if speaker == experiment:
                yield name, language, text


def _lines(file: Path, separator: str) -> Iterator[list[str]]:
    for line in file.read_text("utf-8-sig", "replace").splitlines():
        fields = line.split(separator, _FIELDS - 1)
        if len(fields) == _FIELDS:
            yield [field.strip() for field in fields]


def _fits(path: Path) -> bool:
    try:
        seconds = float(soundfile.info(path).duration)
    except (RuntimeError, OSError):
        return False
    return SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS
