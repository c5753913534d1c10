"""Which PandaIDs the archive's partitions have, and views of jobs of any age under one name."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

OWN = "pandadb"
VIEWS = ("pandadb.jobs", "pandadb.files", "pandadb.jobparams", "pandadb.metadata")


def upgrade() -> None:
    op.create_table(
        "archive_range",
        sa.Column(
            "table_name",
            sa.String(63),
            nullable=False,
            comment="Table of doma_pandaarch: jobsarchived, ...",
        ),
        sa.Column(
            "lower_bound",
            TIMESTAMP(),
            nullable=False,
            comment="First modificationtime of the partition",
        ),
        sa.Column(
            "upper_bound",
            TIMESTAMP(),
            nullable=False,
            comment="Where the partition ends, which is no part of it",
        ),
        sa.Column(
            "least_pandaid",
            sa.BigInteger(),
            comment="The least PandaID, NULL if the partition has none",
        ),
        sa.Column(
            "greatest_pandaid",
            sa.BigInteger(),
            comment="The greatest PandaID, NULL if the partition has none",
        ),
        sa.Column(
            "noted_at",
            TIMESTAMP(),
            nullable=False,
            server_default=sa.text("(now() AT TIME ZONE 'UTC')"),
            comment="When this was found",
        ),
        sa.PrimaryKeyConstraint("table_name", "lower_bound", name="archive_range_pkey"),
        schema=OWN,
        comment="Which PandaIDs each partition of the archive has, so that a lookup need not ask them all. A note, not a rule: rows may come later. A lookup that finds nothing by it asks the rest.",
    )
    for view in VIEWS:
        op.apply_sql(f"views/{view}.v1.sql")


def downgrade() -> None:
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")
    op.drop_table("archive_range", schema=OWN)
