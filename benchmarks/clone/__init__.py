"""Training of a voice on a minute of speech: time, likeness, words."""
