"""What lists show of a dataset, without its quality report, which has megabytes for tens of thousands of series."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    with op.batch_alter_table("datasets") as batch:
        batch.add_column(sa.Column("summary", sa.JSON(), nullable=True))
    datasets = sa.table("datasets", sa.column("id"), sa.column("report", sa.JSON), sa.column("summary", sa.JSON))
    connection = op.get_bind()
    for identifier in connection.scalars(sa.select(datasets.c.id)).all():
        own = datasets.c.id == identifier  # one report at a time
        (report,) = connection.execute(sa.select(datasets.c.report).where(own)).one()
        channels = list(report["channels"])
        summary = {key: report[key] for key in ("rows", "frequency", "start", "end", "timezone")}
        summary |= {"channel_count": len(channels), "first_channels": channels[:3]}
        connection.execute(sa.update(datasets).where(own).values(summary=summary))
    with op.batch_alter_table("datasets") as batch:
        batch.alter_column("summary", existing_type=sa.JSON(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("datasets") as batch:
        batch.drop_column("summary")
