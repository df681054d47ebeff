"""Preparation: from recordings and their words to training data."""
