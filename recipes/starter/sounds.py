"""The sounds that speech is cut into: phonemes without tones, English vowels by their stress.

A sound is what can be told from 20 ms; a tone is heard in the pitch, which the tokens name apart.
"""

import re

from mynah.starter import token_classes
from mynah.text.symbols import SymbolTable
from recipes.starter.labels import is_heard
from recipes.starter.timing import UNKNOWN

__all__ = ["PAUSE", "SILENT", "UNKNOWN", "Sounds", "sound_of"]

PAUSE = "pause"
SILENT = token_classes.PAUSE
"""The number of the pause, as Mynah knows it."""


def sound_of(symbol: str) -> str:
    """The sound of a phoneme: `a#` for a1 to a5, `AH#` for AH1 and AH2, but `AH0` apart."""
    return re.sub(r"[1-9]$", "#", symbol)


class Sounds:
    """Numbers of the sounds that occur; 0 is the pause.

    Args:
        phones: phoneme ids of every recording.
    """

    def __init__(self, phones: list[list[int]]) -> None:
        symbols = SymbolTable.of("v2").symbols
        heard = {phone for row in phones for phone in row if is_heard(phone)}
        self.names = [PAUSE, *sorted({sound_of(symbols[phone]) for phone in heard})]
        numbers = {name: number for number, name in enumerate(self.names)}
        self.of_phone = [numbers.get(sound_of(symbol), UNKNOWN) for symbol in symbols]
