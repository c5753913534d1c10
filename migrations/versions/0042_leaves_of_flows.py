"""Leaves of flows: a job is one, too, if only jobs of other flows wait for it."""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

FLOWS = "views/pandadb.flow.v1.sql"
OLD, NEW = ("views/pandadb.flow_job.v1.sql", FLOWS), ("views/pandadb.flow_job.v2.sql", FLOWS)


def upgrade() -> None:
    with op.without_views(*OLD, again=NEW):
        pass


def downgrade() -> None:
    with op.without_views(*NEW, again=OLD):
        pass
