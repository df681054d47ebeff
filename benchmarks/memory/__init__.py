"""Memory of a server that speaks long texts at many speeds."""
