"""MariaDB and MySQL refuse changes of the audit log, as SQLite and PostgreSQL do since 0007."""

from __future__ import annotations

from alembic import op
from sqlalchemy.exc import OperationalError

from timevis.errors import ConfigError
from timevis.messages import Text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    if op.get_bind().dialect.name != "mysql":
        return
    try:
        op.execute(
            "CREATE TRIGGER audit_entries_unchanging BEFORE UPDATE ON audit_entries "
            "FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'rows of audit_entries never change'"
        )
    except OperationalError as error:
        raise ConfigError(
            Text(
                "no-right-to-triggers",
                "the account of TimeVis cannot make the trigger of the audit log in the database ({reason})",
                reason=str(error.orig),
            ),
            Text(
                "grant-trigger",
                "grant it with GRANT TRIGGER ON the database; with a binary log, a server may also need "
                "log_bin_trust_function_creators=1 until TimeVis has started once",
            ),
        ) from None


def downgrade() -> None:
    if op.get_bind().dialect.name == "mysql":
        op.execute("DROP TRIGGER audit_entries_unchanging")
