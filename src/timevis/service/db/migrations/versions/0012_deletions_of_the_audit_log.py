"""The audit log refuses the removal of entries, but of those whose time is over, as `audit_retention` says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

IS_KEPT = "{time} >= COALESCE((SELECT MAX(removable_before) FROM audit_retention), 0)"
REASON = "rows of audit_entries are removed only after their time"
REFUSED = {
    "sqlite": (
        f"CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries WHEN {IS_KEPT.format(time='OLD.time')} "
        f"BEGIN SELECT RAISE(ABORT, '{REASON}'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse_removal_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'DELETE' THEN IF NOT {IS_KEPT.format(time='OLD.time')} THEN RETURN OLD; END IF; END IF; "
        f"RAISE EXCEPTION '{REASON}'; END $$",
        "CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse_removal_of_audit()",
        "CREATE TRIGGER audit_entries_not_emptied BEFORE TRUNCATE ON audit_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal_of_audit()",
    ),
    "mysql": (
        "CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries FOR EACH ROW "
        f"IF {IS_KEPT.format(time='OLD.time')} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{REASON}'; END IF",
    ),
}


def upgrade() -> None:
    op.create_table(
        "audit_retention",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("removable_before", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("INSERT INTO audit_retention (id, removable_before) VALUES (1, 0)")
    for statement in REFUSED[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name in ("audit_entries_kept", *(["audit_entries_not_emptied"] if is_postgresql else [])):
        op.execute(f"DROP TRIGGER {name}" + " ON audit_entries" * is_postgresql)
    if is_postgresql:
        op.execute("DROP FUNCTION refuse_removal_of_audit")
    op.drop_table("audit_retention")
