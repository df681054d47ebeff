"""Alembic's environment: runs revisions on the connection that `migrate` hands over.

The connection is in a transaction, which Alembic leaves to its owner.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
