"""Cantonese: text normalisation, and Jyutping by ToJyutping (extra `yue`)."""

from mynah.text.languages.cantonese.normalise import normalise
from mynah.text.languages.cantonese.pronounce import phonemize

__all__ = ["normalise", "phonemize"]
