"""The calls of API v1, a file for each kind of thing: parse, call, answer."""
