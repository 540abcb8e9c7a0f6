"""All tables. The number is the last one of the development versions, whose newest database is thus up to date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import OperationalError

from timevis.errors import ConfigError
from timevis.messages import Text

revision = "0013"
down_revision = None

NEVER_CHANGE = "rows of audit_entries never change"
KEPT = "rows of audit_entries are removed only after their time"
IS_KEPT = "OLD.time >= COALESCE((SELECT MAX(removable_before) FROM audit_retention), 0)"
AUDIT_TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER audit_entries_unchanging BEFORE UPDATE ON audit_entries "
        f"BEGIN SELECT RAISE(ABORT, '{NEVER_CHANGE}'); END",
        f"CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries WHEN {IS_KEPT} "
        f"BEGIN SELECT RAISE(ABORT, '{KEPT}'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{NEVER_CHANGE}'; END $$",
        "CREATE TRIGGER audit_entries_unchanging BEFORE UPDATE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()",
        "CREATE FUNCTION refuse_removal_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'DELETE' THEN IF NOT {IS_KEPT} THEN RETURN OLD; END IF; END IF; "
        f"RAISE EXCEPTION '{KEPT}'; END $$",
        "CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse_removal_of_audit()",
        "CREATE TRIGGER audit_entries_not_emptied BEFORE TRUNCATE ON audit_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal_of_audit()",
    ),
    "mysql": (
        "CREATE TRIGGER audit_entries_unchanging BEFORE UPDATE ON audit_entries "
        f"FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{NEVER_CHANGE}'",
        "CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries FOR EACH ROW "
        f"IF {IS_KEPT} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{KEPT}'; END IF",
    ),
}


def upgrade() -> None:
    _create_audit_log()  # first, so that nothing else remains where the account may make no triggers
    op.create_table(
        "annotations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("dataset_id", sa.String(64), nullable=False, index=True),
        sa.Column("start", sa.String(64), nullable=False),
        sa.Column("end", sa.String(64)),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("created_by", sa.String(100)),
        sa.Column("created", sa.Float(53), nullable=False),
    )
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, index=True),
        sa.Column("file_name", sa.String(300), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False, index=True),
        sa.Column("suffix", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("champion_id", sa.String(64), index=True),
        sa.Column("parent_id", sa.String(64), index=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(100)),
        sa.Column("created", sa.Float(53), nullable=False, index=True),
        sa.Column("deleted", sa.Float(53)),
        sa.Index("ix_datasets_deleted", "deleted"),
    )
    op.create_table(
        "failing_receivers",
        sa.Column("receiver", sa.String(64), primary_key=True),
        sa.Column("since", sa.Float(53), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(500), nullable=False),
    )
    op.create_table(
        "folder_copies",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("revision", sa.String(64), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("changed", sa.Float(53), nullable=False),
    )
    op.create_table(
        "login_sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("token_digest", sa.String(64)),
        sa.Column("user_name", sa.String(100)),
        sa.Column("created", sa.Float(53), nullable=False),
        sa.Column("expires", sa.Float(53), nullable=False),
    )
    op.create_table(
        "monitors",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, index=True),
        sa.Column("dataset_id", sa.String(64), nullable=False, index=True),
        sa.Column("seen_dataset_id", sa.String(64)),
        sa.Column("model_id", sa.String(64), nullable=False, index=True),
        sa.Column("horizon", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=False),
        sa.Column("bounds", sa.JSON(), nullable=False),
        sa.Column("receivers", sa.JSON(), nullable=False),
        sa.Column("retraining", sa.JSON(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("next_run", sa.Float(53), index=True),
        sa.Column("next_training", sa.Float(53)),
        sa.Column("silent_from", sa.Float(53)),
        sa.Column("task_id", sa.String(64)),
        sa.Column("created_by", sa.String(100)),
        sa.Column("created", sa.Float(53), nullable=False, index=True),
        sa.Column("deleted", sa.Float(53)),
        sa.Index("ix_monitors_deleted", "deleted"),
    )
    op.create_table(
        "shares",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("object_id", sa.String(64), nullable=False, index=True),
        sa.Column("created_by", sa.String(100)),
        sa.Column("created", sa.Float(53), nullable=False),
        sa.Column("expires", sa.Float(53)),
    )
    op.create_table(
        "users",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("password", sa.String(255)),
        sa.Column("created", sa.Float(53), nullable=False),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("queues", sa.JSON(), nullable=False),
        sa.Column("heartbeat", sa.Float(53), nullable=False),
    )
    op.create_table(
        "monitor_alerts",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("monitor_id", sa.String(64), sa.ForeignKey("monitors.id"), nullable=False, index=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(150), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("data_time", sa.String(64)),
        sa.Column("resolved", sa.Float(53)),
        sa.Column("created", sa.Float(53), nullable=False, index=True),
        sa.UniqueConstraint("monitor_id", "cause", name="uq_monitor_alerts"),
    )
    op.create_table(
        "monitor_challengers",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("monitor_id", sa.String(64), sa.ForeignKey("monitors.id"), nullable=False, index=True),
        sa.Column("task_id", sa.String(64), nullable=False, index=True),
        sa.Column("model_id", sa.String(64), index=True),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False, index=True),
        sa.Column("forecasts", sa.Integer(), nullable=False),
        sa.Column("comparison", sa.JSON()),
        sa.Column("created", sa.Float(53), nullable=False),
    )
    op.create_table(
        "monitor_champions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("monitor_id", sa.String(64), sa.ForeignKey("monitors.id"), nullable=False, index=True),
        sa.Column("model_id", sa.String(64), nullable=False, index=True),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("comparison", sa.JSON()),
        sa.Column("reference", sa.JSON()),
        sa.Column("created_by", sa.String(100)),
        sa.Column("created", sa.Float(53), nullable=False),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False, index=True),
        sa.Column("queue", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False, index=True),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("advice", sa.Text()),
        sa.Column("dataset_id", sa.String(64), sa.ForeignKey("datasets.id"), index=True),
        sa.Column("run_id", sa.String(64), index=True),
        sa.Column("group_id", sa.String(64), index=True),
        sa.Column("retry_of", sa.String(64)),
        sa.Column("idempotency_key", sa.String(200), unique=True),
        sa.Column("owner", sa.String(200)),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("heartbeat", sa.Float(53)),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("is_short", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(100)),
        sa.Column("created", sa.Float(53), nullable=False, index=True),
        sa.Column("started", sa.Float(53)),
        sa.Column("finished", sa.Float(53)),
        sa.Index("ix_tasks_finished_state", "finished", "state"),
    )
    op.create_table(
        "tokens",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column(
            "user_name",
            sa.String(100),
            sa.ForeignKey("users.name", name="fk_tokens_user_name"),
            nullable=False,
            index=True,
        ),
        sa.Column("created", sa.Float(53), nullable=False),
    )
    op.create_table(
        "models",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, index=True),
        sa.Column("kind", sa.String(64), nullable=False, index=True),
        sa.Column("task_id", sa.String(64), sa.ForeignKey("tasks.id"), unique=True),
        sa.Column("dataset_id", sa.String(64), sa.ForeignKey("datasets.id"), index=True),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(100)),
        sa.Column("created", sa.Float(53), nullable=False, index=True),
        sa.Column("deleted", sa.Float(53)),
        sa.Index("ix_models_deleted_kind", "deleted", "kind"),
    )
    op.create_table(
        "monitor_deliveries",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("alert_id", sa.String(64), sa.ForeignKey("monitor_alerts.id"), nullable=False, index=True),
        sa.Column("receiver", sa.String(64), nullable=False),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt", sa.Float(53), nullable=False),
        sa.Column("error", sa.String(500)),
        sa.Column("sent", sa.Float(53)),
        sa.UniqueConstraint("alert_id", "receiver", name="uq_monitor_deliveries"),
        sa.Index("ix_monitor_deliveries_due", "state", "next_attempt"),
    )
    op.create_table(
        "monitor_forecasts",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("monitor_id", sa.String(64), sa.ForeignKey("monitors.id"), nullable=False),
        sa.Column("model_id", sa.String(64), nullable=False, index=True),
        sa.Column("champion_id", sa.String(64), sa.ForeignKey("monitor_champions.id"), nullable=False, index=True),
        sa.Column("dataset_id", sa.String(64), nullable=False),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("origin_row", sa.Integer(), nullable=False),
        sa.Column("last_time", sa.String(64), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Float(53), nullable=False),
        sa.UniqueConstraint("monitor_id", "model_id", "origin", name="uq_monitor_forecasts"),
        sa.Index("ix_monitor_forecasts_open", "monitor_id", "complete"),
        sa.Index("ix_monitor_forecasts_row", "monitor_id", "origin_row"),
    )
    op.create_table(
        "monitor_scores",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("forecast_id", sa.String(64), sa.ForeignKey("monitor_forecasts.id"), nullable=False, index=True),
        sa.Column("monitor_id", sa.String(64), sa.ForeignKey("monitors.id"), nullable=False, index=True),
        sa.Column("dataset_id", sa.String(64), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("targets", sa.Integer(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("sums", sa.JSON(), nullable=False),
        sa.Column("created", sa.Float(53), nullable=False),
        sa.UniqueConstraint("forecast_id", "dataset_id", name="uq_monitor_scores"),
    )


def _create_audit_log() -> None:
    """The audit log, whose rows never change and are removed only before the time in `audit_retention`."""
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("time", sa.Float(53), nullable=False, index=True),
        sa.Column("user_name", sa.String(100), nullable=False),
        sa.Column("role", sa.String(64)),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("operation", sa.String(200), nullable=False),
        sa.Column("object_id", sa.String(100), index=True),
        sa.Column("object_name", sa.String(300)),
        sa.Column("address", sa.String(64)),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(64)),
        sa.Index("ix_audit_entries_user_name", "user_name", "time"),
    )
    op.create_table(
        "audit_retention",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("removable_before", sa.Float(53), nullable=False),
    )
    op.execute("INSERT INTO audit_retention (id, removable_before) VALUES (1, 0)")
    dialect = op.get_bind().dialect.name
    try:
        for statement in AUDIT_TRIGGERS[dialect]:
            op.execute(statement)
    except OperationalError as error:
        if dialect != "mysql":
            raise
        for table in ("audit_entries", "audit_retention"):  # MySQL commits at each change of a table
            op.drop_table(table)
        raise ConfigError(
            Text(
                "the account of TimeVis cannot make the trigger of the audit log in the database ({reason})",
                reason=str(error.orig),
            ),
            Text(
                "grant it with GRANT TRIGGER ON the database; with a binary log, a server may also need "
                "log_bin_trust_function_creators=1 until TimeVis has started once"
            ),
        ) from None
