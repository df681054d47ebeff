"""Speech beside busy processes and many clients: `python -m benchmarks.busy`."""
