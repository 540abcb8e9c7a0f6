"""Sessions of browsers; short training runs have a slot of their own, and no message is sent again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.add_column(sa.Column("is_short", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.drop_column("sent")
    with op.batch_alter_table("tasks") as batch:
        batch.alter_column("is_short", existing_type=sa.Boolean(), server_default=None)
    op.create_table(
        "login_sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.Column("expires", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )


def downgrade() -> None:
    op.drop_table("login_sessions")
    with op.batch_alter_table("tasks") as batch:
        batch.add_column(sa.Column("sent", sa.Float(precision=53), nullable=False, server_default="0"))
        batch.drop_column("is_short")
    with op.batch_alter_table("tasks") as batch:
        batch.alter_column("sent", existing_type=sa.Float(precision=53), server_default=None)
