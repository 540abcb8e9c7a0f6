"""Copies of folders in the artefact store, and models without a task or a dataset: runs of the command line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "folder_copies",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("changed", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("models") as batch:
        batch.alter_column("task_id", existing_type=sa.String(length=64), nullable=True)
        batch.alter_column("dataset_id", existing_type=sa.String(length=64), nullable=True)
