"""Views of flows and of their jobs, with states that follow from those of the jobs."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

VIEWS = ("pandadb.flow_job", "pandadb.flow")


def upgrade() -> None:
    for name in VIEWS:
        op.apply_sql(f"views/{name}.v1.sql")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
