"""Proofs of the archiver, tasks that are held back, and a guard before what was archived is dropped."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OWN = "pandadb"
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")


def upgrade() -> None:
    op.create_table(
        "archive_proof",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number of the proof, the key",
        ),
        sa.Column(
            "table_name",
            sa.String(63),
            nullable=False,
            comment="Table of doma_panda: jobsarchived4, filestable4, ...",
        ),
        sa.Column(
            "partition_name",
            sa.String(63),
            nullable=False,
            comment="Partition of that table, by its name there",
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
            "how",
            sa.String(10),
            nullable=False,
            comment="swap: the partition itself moved; copy: its rows; restore: it was swapped back",
        ),
        sa.Column("source_rows", sa.BigInteger(), nullable=False, comment="Number of rows before"),
        sa.Column(
            "source_sum",
            sa.Numeric(),
            nullable=False,
            comment="Sum of the hashes of all rows before, whatever their order",
        ),
        sa.Column(
            "target_rows",
            sa.BigInteger(),
            comment="Number of rows after, NULL while that is not counted",
        ),
        sa.Column(
            "target_sum",
            sa.Numeric(),
            comment="Sum of the hashes of all rows after, NULL while that is not counted",
        ),
        sa.Column(
            "proved_at",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="When this was found",
        ),
        sa.Column(
            "proved_by",
            sa.String(63),
            nullable=False,
            server_default=sa.text("SESSION_USER"),
            comment="Role that has logged in for it",
        ),
        sa.Column("host", sa.String(255), comment="Machine on which that was done"),
        sa.PrimaryKeyConstraint("id", name="archive_proof_pkey"),
        sa.CheckConstraint("how IN ('swap', 'copy', 'restore')", name="archive_proof_how_check"),
        schema=OWN,
        comment="Proofs of the archiver: what was in a partition before it went, and after it arrived. Rows are only added; the newest one of a partition counts.",
    )
    op.create_index(
        "archive_proof_partition_idx",
        "archive_proof",
        ["table_name", "partition_name", "id"],
        schema=OWN,
    )
    op.create_table(
        "archive_hold",
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column(
            "held_by",
            sa.String(63),
            nullable=False,
            server_default=sa.text("SESSION_USER"),
            comment="Role that holds it",
        ),
        sa.Column(
            "since",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="When it was held",
        ),
        sa.Column("reason", sa.String(500), comment="Why it is held, for people"),
        sa.PrimaryKeyConstraint("jeditaskid", name="archive_hold_pkey"),
        schema=OWN,
        comment="Tasks whose jobs stay out of the archive: a day with one of them is put off.",
    )
    op.withhold("pandadb.archive_proof", rights="UPDATE, DELETE, TRUNCATE")
    op.apply_sql("functions/pandadb.drop_archived.v1.sql")
    op.execute("REVOKE ALL ON FUNCTION pandadb.drop_archived(text, text) FROM PUBLIC")


def downgrade() -> None:
    op.execute("DROP FUNCTION pandadb.drop_archived(text, text)")
    op.drop_table("archive_hold", schema=OWN)
    op.drop_table("archive_proof", schema=OWN)
