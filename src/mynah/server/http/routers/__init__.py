"""The routes of API v1, a file for each resource: parse, call, answer."""
