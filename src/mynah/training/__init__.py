"""What turns recordings into weights: losses, discriminators and the loops around them."""
