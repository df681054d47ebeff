"""SoVITS v1, v2, v2Pro and v2ProPlus: the networks, and their streaming decode."""
