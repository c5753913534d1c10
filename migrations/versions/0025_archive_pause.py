"""The archive can be paused, rows of it go and come, and the guard asks the ledger, too."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

OWN = "pandadb"
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")


def upgrade() -> None:
    op.create_table(
        "archive_pause",
        sa.Column(
            "id",
            sa.SmallInteger(),
            nullable=False,
            autoincrement=False,
            server_default=sa.text("1"),
            comment="Always 1: there is one pause at most",
        ),
        sa.Column(
            "paused_by",
            sa.String(63),
            nullable=False,
            server_default=sa.text("SESSION_USER"),
            comment="Role that has paused it",
        ),
        sa.Column(
            "since",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="When it was paused",
        ),
        sa.Column(
            "until", TIMESTAMP(), comment="When the pause ends by itself, NULL if it does not"
        ),
        sa.Column("reason", sa.String(500), comment="Why it is paused, for people"),
        sa.PrimaryKeyConstraint("id", name="archive_pause_pkey"),
        sa.CheckConstraint("id = 1", name="archive_pause_id_check"),
        schema=OWN,
        comment="While there is a row, runs of the archiver wait, and none begins.",
    )
    op.drop_constraint("archive_proof_how_check", "archive_proof", schema=OWN, type_="check")
    op.create_check_constraint(
        "archive_proof_how_check",
        "archive_proof",
        "how IN ('swap', 'copy', 'restore', 'take', 'merge')",
        schema=OWN,
    )
    op.alter_column(
        "archive_proof",
        "how",
        comment="swap: the partition itself moved; copy: its rows, to a partition, a database or a file; restore: it came back; take: some rows went back; merge: some came",
        existing_comment="swap: the partition itself moved; copy: its rows; restore: it was swapped back",
        existing_type=sa.String(10),
        existing_nullable=False,
        schema=OWN,
    )
    op.apply_sql("functions/pandadb.drop_archived.v2.sql")


def downgrade() -> None:
    op.execute("DROP FUNCTION pandadb.drop_archived(text, text)")
    op.apply_sql("functions/pandadb.drop_archived.v1.sql")
    op.execute("REVOKE ALL ON FUNCTION pandadb.drop_archived(text, text) FROM PUBLIC")
    op.alter_column(
        "archive_proof",
        "how",
        comment="swap: the partition itself moved; copy: its rows; restore: it was swapped back",
        existing_comment="swap: the partition itself moved; copy: its rows, to a partition, a database or a file; restore: it came back; take: some rows went back; merge: some came",
        existing_type=sa.String(10),
        existing_nullable=False,
        schema=OWN,
    )
    op.drop_constraint("archive_proof_how_check", "archive_proof", schema=OWN, type_="check")
    # What the new ways say of a partition is what a swap says: so many rows are in the archive.
    op.execute("UPDATE pandadb.archive_proof SET how = 'swap' WHERE how IN ('take', 'merge')")
    op.create_check_constraint(
        "archive_proof_how_check",
        "archive_proof",
        "how IN ('swap', 'copy', 'restore')",
        schema=OWN,
    )
    op.drop_table("archive_pause", schema=OWN)
