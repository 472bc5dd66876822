"""Alembic's environment: it runs on the connection that `kernel.migrating` hands it, in that transaction."""

from alembic import context

from rustok.kernel.db import Model

context.configure(connection=context.config.attributes["connection"], target_metadata=Model.metadata)
with context.begin_transaction():
    context.run_migrations()
