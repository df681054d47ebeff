"""Training: from recordings to adapters of a model's networks."""
