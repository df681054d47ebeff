"""Broken recordings against a real server: `python -m benchmarks.uploads`."""
