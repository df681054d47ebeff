"""Checkpoint files as GPT-SoVITS releases them: reading to modules, and writing."""
