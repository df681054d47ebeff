"""Implementations of the GPT for one kind of hardware each, and their selection."""
