"""Speed of other engines at the same work, each in an environment of its own."""
