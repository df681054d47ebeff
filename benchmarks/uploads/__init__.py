"""What a real server makes of broken recordings: `python -m benchmarks.uploads`."""
