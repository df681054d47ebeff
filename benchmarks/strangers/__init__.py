"""What callers without a key, and hostile ones with a key, take from everybody else."""
