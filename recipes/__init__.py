"""Training of the weights that Mynah ships."""
