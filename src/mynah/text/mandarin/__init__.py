"""Mandarin: text normalisation, readings of polyphones, tone sandhi, phonemes."""

from mynah.text.mandarin.normalise import normalise
from mynah.text.mandarin.pronounce import phonemize

__all__ = ["normalise", "phonemize"]
