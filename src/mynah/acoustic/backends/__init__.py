"""Implementations of the decoder for one kind of hardware each, and their selection."""
