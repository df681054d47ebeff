"""Load of many callers on a real server: `python -m benchmarks.load`."""
