"""Korean: text normalisation, morphemes by MeCab (extra `ko`), sound changes."""

from mynah.text.languages.korean.normalise import normalise
from mynah.text.languages.korean.pronounce import phonemize

__all__ = ["normalise", "phonemize"]
