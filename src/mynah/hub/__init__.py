"""Released model files: which there are, where they are fetched from, and where they are kept."""
