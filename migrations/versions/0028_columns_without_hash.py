"""The guard of the archive counts columns of types without a hash, such as json, as their text."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.apply_sql("functions/pandadb.drop_archived.v4.sql")


def downgrade() -> None:
    op.apply_sql("functions/pandadb.drop_archived.v3.sql")
