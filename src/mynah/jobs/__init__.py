"""Long work: a row for each job, a lease for whoever works on it, and processes that do."""
