"""Users with roles, shared links and the audit log. A token belongs to a user; each former one gets its own user."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

UNCHANGING = {
    "sqlite": (
        "CREATE TRIGGER audit_entries_unchanging BEFORE UPDATE ON audit_entries "
        "BEGIN SELECT RAISE(ABORT, 'rows of audit_entries never change'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'rows of audit_entries never change'; END $$",
        "CREATE TRIGGER audit_entries_unchanging BEFORE UPDATE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()",
    ),
}
"""For MariaDB and MySQL see 0010."""


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "shares",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=True),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.Column("expires", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_shares_object_id", "shares", ["object_id"], unique=False)
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("time", sa.Float(precision=53), nullable=False),
        sa.Column("user_name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("operation", sa.String(length=200), nullable=False),
        sa.Column("object_id", sa.String(length=100), nullable=True),
        sa.Column("object_name", sa.String(length=300), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_entries_time", "audit_entries", ["time"], unique=False)
    op.create_index("ix_audit_entries_user_name", "audit_entries", ["user_name", "time"], unique=False)
    op.create_index("ix_audit_entries_object_id", "audit_entries", ["object_id"], unique=False)
    for statement in UNCHANGING.get(op.get_bind().dialect.name, ()):
        op.execute(statement)
    _give_tokens_to_users()
    with op.batch_alter_table("login_sessions") as batch:
        batch.add_column(sa.Column("user_name", sa.String(length=100), nullable=True))
        batch.alter_column("token_digest", existing_type=sa.String(length=64), nullable=True)
    with op.batch_alter_table("models") as batch:
        batch.add_column(sa.Column("created_by", sa.String(length=100), nullable=True))
    models = sa.table("models", sa.column("task_id"), sa.column("created_by"))
    tasks = sa.table("tasks", sa.column("id"), sa.column("created_by"))
    maker = sa.select(tasks.c.created_by).where(tasks.c.id == models.c.task_id).scalar_subquery()
    op.execute(sa.update(models).values(created_by=maker))


def _give_tokens_to_users() -> None:
    """A token that could only read becomes a viewer, and another one an editor."""
    names = ("name", "created", "user_name")
    tokens = sa.table("tokens", *map(sa.column, names), sa.column("read_only", sa.Boolean))
    users = sa.table("users", *map(sa.column, ("name", "created", "role")))
    role = sa.case((tokens.c.read_only, "viewer"), else_="editor")
    former = sa.select(tokens.c.name, tokens.c.created, role)
    op.execute(sa.insert(users).from_select(["name", "created", "role"], former))
    with op.batch_alter_table("tokens") as batch:
        batch.add_column(sa.Column("user_name", sa.String(length=100), nullable=True))
    op.execute(sa.update(tokens).values(user_name=tokens.c.name))
    with op.batch_alter_table("tokens") as batch:
        batch.alter_column("user_name", existing_type=sa.String(length=100), nullable=False)
        batch.create_foreign_key("fk_tokens_user_name", "users", ["user_name"], ["name"])
        batch.create_index("ix_tokens_user_name", ["user_name"], unique=False)
        batch.drop_column("read_only")


def downgrade() -> None:
    tokens = sa.table("tokens", sa.column("user_name"), sa.column("read_only", sa.Boolean))
    users = sa.table("users", sa.column("name"), sa.column("role"))
    with op.batch_alter_table("tokens") as batch:
        batch.add_column(sa.Column("read_only", sa.Boolean(), nullable=False, server_default=sa.false()))
    viewers = sa.select(users.c.name).where(users.c.role == "viewer")
    op.execute(sa.update(tokens).where(tokens.c.user_name.in_(viewers)).values(read_only=sa.true()))
    with op.batch_alter_table("tokens") as batch:
        batch.alter_column("read_only", existing_type=sa.Boolean(), server_default=None)
        batch.drop_constraint("fk_tokens_user_name", type_="foreignkey")
        batch.drop_index("ix_tokens_user_name")
        batch.drop_column("user_name")
    with op.batch_alter_table("models") as batch:
        batch.drop_column("created_by")
    op.execute(sa.delete(sa.table("login_sessions")))
    with op.batch_alter_table("login_sessions") as batch:
        batch.drop_column("user_name")
        batch.alter_column("token_digest", existing_type=sa.String(length=64), nullable=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_entries_unchanging ON audit_entries")
        op.execute("DROP FUNCTION refuse_change_of_audit")
    for table in ("audit_entries", "shares", "users"):
        op.drop_table(table)
