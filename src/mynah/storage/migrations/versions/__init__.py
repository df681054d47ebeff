"""Revisions of the schema, one a file; its name begins with the revision's."""
