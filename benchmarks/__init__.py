"""Benchmarks of Mynah; none of them ships."""
