"""Webhooks: callers are told of the end of their jobs, as Standard Webhooks has it."""
