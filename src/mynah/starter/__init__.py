"""The packaged model: its weights, and all that only they need, behind `StarterExtension`."""
