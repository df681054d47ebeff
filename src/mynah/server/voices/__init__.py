"""Voices: their recordings, uploads, and what the engine takes of them."""
