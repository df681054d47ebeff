"""English: text normalisation, dictionary and homographs, spelling of unknown words."""

from mynah.text.languages.english.normalise import normalise
from mynah.text.languages.english.pronounce import phonemize

__all__ = ["normalise", "phonemize"]
