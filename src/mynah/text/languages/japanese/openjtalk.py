"""OpenJTalk, by whichever distribution of `pyopenjtalk` is installed, and its dictionary.

`pyopenjtalk` itself would fetch its dictionary from the network without being asked.
"""

from functools import cache
from pathlib import Path
from typing import TypedDict

import pyopenjtalk

from mynah.errors import LanguageError

DEBIAN_DICTIONARY = Path("/var/lib/mecab/dic/open-jtalk/naist-jdic")
"""Of the package `open-jtalk-mecab-naist-jdic`; it is the one that `pyopenjtalk` fetches."""


class Morpheme(TypedDict):
    """A node of OpenJTalk's analysis, as far as it is used here."""

    string: str
    mora_size: int


def analyse(text: str) -> list[Morpheme]:
    """The morphemes of a text of at most 8,191 bytes.

    Raises:
        LanguageError: there is no dictionary.
    """
    _find_dictionary()
    found: list[Morpheme] = pyopenjtalk.run_frontend(text)
    return found


def labels(morphemes: list[Morpheme]) -> list[str]:
    """Full-context labels, a phoneme each, with the silences around them."""
    made: list[str] = pyopenjtalk.make_label(morphemes)
    return made


@cache
def _find_dictionary() -> None:
    """Choose the dictionary: what `OPEN_JTALK_DICT_DIR` names, the package's own, or Debian's."""
    if Path(pyopenjtalk.OPEN_JTALK_DICT_DIR.decode()).is_dir():
        return
    if not DEBIAN_DICTIONARY.is_dir():
        raise LanguageError(
            "Japanese needs OpenJTalk's dictionary, which is not on this machine: run "
            "`pip install 'mynah[ja]'`, which brings it, or `apt install "
            "open-jtalk-mecab-naist-jdic`, or set OPEN_JTALK_DICT_DIR to its folder"
        )
    pyopenjtalk.OPEN_JTALK_DICT_DIR = str(DEBIAN_DICTIONARY).encode()
