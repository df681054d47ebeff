"""How the weights that Mynah ships were made."""
