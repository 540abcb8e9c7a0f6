"""Alembic runs this file to migrate the database whose connection `timevis.service.db.database` passes."""

from alembic import context

from timevis.service.db.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller has the transaction
)
context.run_migrations()
