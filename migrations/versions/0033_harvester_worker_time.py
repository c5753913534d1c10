"""The own time of the newest report on each worker of Harvester."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

OWN = "pandadb"


def upgrade() -> None:
    op.create_table(
        "harvester_worker_time",
        sa.Column(
            "harvesterid",
            sa.String(50),
            nullable=False,
            comment="Harvester instance, HARVESTER_INSTANCES",
        ),
        sa.Column("workerid", sa.BigInteger(), nullable=False, comment="Worker, HARVESTER_WORKERS"),
        sa.Column(
            "lastupdate",
            TIMESTAMP(),
            nullable=False,
            comment="LASTUPDATE of the worker's row as that report left it",
        ),
        sa.Column(
            "reported_at",
            TIMESTAMP(),
            nullable=False,
            comment="The worker's own time of its newest report: an older report changes nothing",
        ),
        sa.PrimaryKeyConstraint("harvesterid", "workerid", name="harvester_worker_time_pkey"),
        schema=OWN,
        comment="The own time of the newest report on a worker, where Harvester has given one.",
    )


def downgrade() -> None:
    op.drop_table("harvester_worker_time", schema=OWN)
