"""What training a voice from a minute of speech gives: time, likeness, words."""
