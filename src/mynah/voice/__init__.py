"""A recording of a person becomes a prompt and a timbre."""
