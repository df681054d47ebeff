"""How fast others are at the same work, each in an environment of its own."""
