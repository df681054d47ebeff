"""Mandarin: text normalisation, readings of polyphones, tone sandhi, phonemes."""

from mynah.text.languages.mandarin.normalise import normalise
from mynah.text.languages.mandarin.pronounce import phonemize

__all__ = ["normalise", "phonemize"]
