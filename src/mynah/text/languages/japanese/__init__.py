"""Japanese: text normalisation, and phonemes with accents by OpenJTalk (extra `ja`)."""

from mynah.text.languages.japanese.normalise import normalise
from mynah.text.languages.japanese.pronounce import phonemize

__all__ = ["normalise", "phonemize"]
