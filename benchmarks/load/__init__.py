"""How a real server bears many callers: `python -m benchmarks.load`."""
