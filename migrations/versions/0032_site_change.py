"""The history of sites: each row that a load has added, changed or removed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

OWN = "pandadb"


def upgrade() -> None:
    op.create_table(
        "site_change",
        sa.Column(
            "change_id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number of the change, the key",
        ),
        sa.Column("changed_at", TIMESTAMP(), nullable=False, comment="When the load began"),
        sa.Column("kind", sa.String(10), nullable=False, comment="added, changed or removed"),
        sa.Column(
            "table_name", sa.String(63), nullable=False, comment="Table whose row was changed"
        ),
        sa.Column(
            "row_key",
            sa.String(400),
            nullable=False,
            comment="Primary key of the row, its columns separated by a blank",
        ),
        sa.Column(
            "row_before",
            JSONB(),
            comment="The row before, of a changed row the columns that differ; NULL if added",
        ),
        sa.Column(
            "row_after",
            JSONB(),
            comment="The row after, of a changed row the columns that differ; NULL if removed",
        ),
        sa.Column(
            "changed_by",
            sa.String(63),
            nullable=False,
            server_default=sa.text("SESSION_USER"),
            comment="Role that has logged in for the load",
        ),
        sa.PrimaryKeyConstraint("change_id", name="site_change_pkey"),
        sa.CheckConstraint(
            "kind IN ('added', 'changed', 'removed')", name="site_change_kind_check"
        ),
        schema=OWN,
        comment="Rows of the configurator's tables that loads have added, changed or removed.",
    )
    op.create_index("site_change_time_idx", "site_change", ["changed_at"], schema=OWN)
    op.create_index("site_change_row_idx", "site_change", ["row_key", "changed_at"], schema=OWN)


def downgrade() -> None:
    op.drop_table("site_change", schema=OWN)
