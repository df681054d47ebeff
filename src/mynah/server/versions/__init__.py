"""Versions of voices: what training makes, who hears which, and how each of them does."""
