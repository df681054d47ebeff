"""From a person's recordings to slices that both networks learn from, and a report on the data."""
