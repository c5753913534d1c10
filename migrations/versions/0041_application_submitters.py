"""Jobs of applications by their submitters (revision 0041)."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

OWN = "pandadb"
SUBMITTER = "(details #>> '{metadata,application,submitter}')"
TABLES = ("job_control", "job_control_arch")


def upgrade() -> None:
    for table in TABLES:
        op.build_index(
            f"{table}_submitter_idx",
            table,
            [sa.text(SUBMITTER), "pandaid"],
            schema=OWN,
            postgresql_where=sa.text(f"{SUBMITTER} IS NOT NULL"),
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"{table}_submitter_idx", table, schema=OWN)
