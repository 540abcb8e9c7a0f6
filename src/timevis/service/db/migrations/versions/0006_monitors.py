"""The tables of monitors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = (
    "monitor_annotations",
    "monitor_deliveries",
    "monitor_alerts",
    "monitor_scores",
    "monitor_forecasts",
    "monitor_challengers",
    "monitor_champions",
    "monitors",
)


def upgrade() -> None:
    op.create_table(
        "monitors",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("dataset_id", sa.String(length=64), nullable=False),
        sa.Column("seen_dataset_id", sa.String(length=64), nullable=True),
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.Column("horizon", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=False),
        sa.Column("bounds", sa.JSON(), nullable=False),
        sa.Column("receivers", sa.JSON(), nullable=False),
        sa.Column("retraining", sa.JSON(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("next_run", sa.Float(precision=53), nullable=True),
        sa.Column("next_training", sa.Float(precision=53), nullable=True),
        sa.Column("silent_from", sa.Float(precision=53), nullable=True),
        sa.Column("task_id", sa.String(length=64), nullable=True),
        sa.Column("created_by", sa.String(length=100), nullable=True),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.Column("deleted", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_monitors_created", "monitors", ["created"], unique=False)
    op.create_index("ix_monitors_dataset_id", "monitors", ["dataset_id"], unique=False)
    op.create_index("ix_monitors_deleted", "monitors", ["deleted"], unique=False)
    op.create_index("ix_monitors_model_id", "monitors", ["model_id"], unique=False)
    op.create_index("ix_monitors_name", "monitors", ["name"], unique=False)
    op.create_index("ix_monitors_next_run", "monitors", ["next_run"], unique=False)
    op.create_table(
        "monitor_alerts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("monitor_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=150), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("data_time", sa.String(length=64), nullable=True),
        sa.Column("resolved", sa.Float(precision=53), nullable=True),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["monitors.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("monitor_id", "cause", name="uq_monitor_alerts"),
    )
    op.create_index("ix_monitor_alerts_created", "monitor_alerts", ["created"], unique=False)
    op.create_index("ix_monitor_alerts_monitor_id", "monitor_alerts", ["monitor_id"], unique=False)
    op.create_table(
        "monitor_annotations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("monitor_id", sa.String(length=64), nullable=False),
        sa.Column("data_time", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=True),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["monitors.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_monitor_annotations_monitor_id", "monitor_annotations", ["monitor_id"], unique=False)
    op.create_table(
        "monitor_challengers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("monitor_id", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=True),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("forecasts", sa.Integer(), nullable=False),
        sa.Column("comparison", sa.JSON(), nullable=True),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["monitors.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_monitor_challengers_model_id", "monitor_challengers", ["model_id"], unique=False)
    op.create_index("ix_monitor_challengers_monitor_id", "monitor_challengers", ["monitor_id"], unique=False)
    op.create_index("ix_monitor_challengers_state", "monitor_challengers", ["state"], unique=False)
    op.create_index("ix_monitor_challengers_task_id", "monitor_challengers", ["task_id"], unique=False)
    op.create_table(
        "monitor_champions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("monitor_id", sa.String(length=64), nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("comparison", sa.JSON(), nullable=True),
        sa.Column("reference", sa.JSON(), nullable=True),
        sa.Column("created_by", sa.String(length=100), nullable=True),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["monitors.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_monitor_champions_model_id", "monitor_champions", ["model_id"], unique=False)
    op.create_index("ix_monitor_champions_monitor_id", "monitor_champions", ["monitor_id"], unique=False)
    op.create_table(
        "monitor_deliveries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("receiver", sa.String(length=64), nullable=False),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt", sa.Float(precision=53), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("sent", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["monitor_alerts.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("alert_id", "receiver", name="uq_monitor_deliveries"),
    )
    op.create_index("ix_monitor_deliveries_alert_id", "monitor_deliveries", ["alert_id"], unique=False)
    op.create_index("ix_monitor_deliveries_due", "monitor_deliveries", ["state", "next_attempt"], unique=False)
    op.create_table(
        "monitor_forecasts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("monitor_id", sa.String(length=64), nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.Column("champion_id", sa.String(length=64), nullable=False),
        sa.Column("dataset_id", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("origin_row", sa.Integer(), nullable=False),
        sa.Column("last_time", sa.String(length=64), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(
            ["champion_id"],
            ["monitor_champions.id"],
        ),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["monitors.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("monitor_id", "model_id", "origin", name="uq_monitor_forecasts"),
    )
    op.create_index("ix_monitor_forecasts_champion_id", "monitor_forecasts", ["champion_id"], unique=False)
    op.create_index("ix_monitor_forecasts_model_id", "monitor_forecasts", ["model_id"], unique=False)
    op.create_index("ix_monitor_forecasts_open", "monitor_forecasts", ["monitor_id", "complete"], unique=False)
    op.create_index("ix_monitor_forecasts_row", "monitor_forecasts", ["monitor_id", "origin_row"], unique=False)
    op.create_table(
        "monitor_scores",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("forecast_id", sa.String(length=64), nullable=False),
        sa.Column("monitor_id", sa.String(length=64), nullable=False),
        sa.Column("dataset_id", sa.String(length=64), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("targets", sa.Integer(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("sums", sa.JSON(), nullable=False),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(
            ["forecast_id"],
            ["monitor_forecasts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["monitors.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("forecast_id", "dataset_id", name="uq_monitor_scores"),
    )
    op.create_index("ix_monitor_scores_forecast_id", "monitor_scores", ["forecast_id"], unique=False)
    op.create_index("ix_monitor_scores_monitor_id", "monitor_scores", ["monitor_id"], unique=False)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
