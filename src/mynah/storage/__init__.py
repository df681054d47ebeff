"""Everything that outlives a process: the database's schema and the format of the data folder."""
