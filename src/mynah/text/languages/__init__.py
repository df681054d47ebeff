"""Language packs, one folder each, and their registry."""
