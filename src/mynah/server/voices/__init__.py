"""Voices: storage, recordings, uploads, and resolution for the engine."""
