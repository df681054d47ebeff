"""What other busy processes, and many clients, make of speech: `python -m benchmarks.busy`."""
