"""A function that reads metadata of jobs as JSON where it is JSON, for filters."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.apply_sql("functions/pandadb.json_or_null.v1.sql")


def downgrade() -> None:
    op.execute("DROP FUNCTION pandadb.json_or_null(text)")
