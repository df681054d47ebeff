"""How fast Mynah speaks, stage by stage and for many callers at a time."""
