"""Indexes of the columns that are counted or looked up in lists."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = {
    "ix_datasets_champion_id": ("datasets", ["champion_id"]),
    "ix_datasets_deleted": ("datasets", ["deleted"]),
    "ix_models_deleted_kind": ("models", ["deleted", "kind"]),
    "ix_tasks_finished_state": ("tasks", ["finished", "state"]),
}


def upgrade() -> None:
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table)
