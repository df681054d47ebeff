"""Webhooks for the end of jobs, by the specification Standard Webhooks."""
