"""Access control: keys, scopes, limits, word screen and idempotency."""
