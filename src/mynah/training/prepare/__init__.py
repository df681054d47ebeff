"""Recordings and words to what training learns from."""
