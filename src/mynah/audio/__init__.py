"""Audio of people and files: decoded within limits."""
