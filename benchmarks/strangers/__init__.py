"""Cost of callers without a key, and of hostile ones with a key, to everybody else."""
