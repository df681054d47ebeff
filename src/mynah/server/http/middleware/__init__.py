"""Middleware of the HTTP server, one file each."""
