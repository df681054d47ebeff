"""English: text normalisation, dictionary and homographs, spelling of unknown words."""

from mynah.text.english.normalise import normalise
from mynah.text.english.pronounce import phonemize

__all__ = ["normalise", "phonemize"]
