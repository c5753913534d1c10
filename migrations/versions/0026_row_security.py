"""The guard of the archive refuses to drop what a policy of row security hides from it."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.apply_sql("functions/pandadb.drop_archived.v3.sql")


def downgrade() -> None:
    op.apply_sql("functions/pandadb.drop_archived.v2.sql")
