"""Semantic tokens, phonemes and a timbre become a waveform."""
