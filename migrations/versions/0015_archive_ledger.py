"""The ledger of the archiving, and helpers of the archive."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import OID, TIMESTAMP

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PANDA = "doma_panda"
ARCHIVE = "doma_pandaarch"


def upgrade() -> None:
    op.create_table(
        "tablepart4copying",
        sa.Column(
            "table_name",
            sa.String(30),
            nullable=False,
            comment="JOBSARCHIVED4, FILESTABLE4, JOBPARAMSTABLE or METATABLE",
        ),
        sa.Column(
            "partition_name",
            sa.String(30),
            nullable=False,
            comment="Partition, named after the day that is its exclusive upper bound",
        ),
        sa.Column(
            "copied_to_arch",
            sa.String(10),
            nullable=False,
            comment="N to be copied, Y copied, MUST NOT never to be copied",
        ),
        sa.Column("copying_done_on", TIMESTAMP(), comment="When the copy ended, NULL before"),
        sa.Column(
            "deleted_on",
            TIMESTAMP(),
            comment="When the partition was dropped, NULL while it exists",
        ),
        sa.Column(
            "data_verif_passed",
            sa.CHAR(3),
            comment="YES or NO, whether the archive holds every key; NULL before the check",
        ),
        sa.Column("data_verified_on", TIMESTAMP(), comment="When the copy was checked"),
        sa.PrimaryKeyConstraint(
            "table_name", "partition_name", "copied_to_arch", name="tablepart4copying_pkey"
        ),
        schema=PANDA,
        comment="Daily partitions on their way to the archive: copied, verified, dropped.",
        postgresql_partition_by="LIST (copied_to_arch)",
    )
    op.create_partition("doma_panda.tablepart4copying", "n", "FOR VALUES IN ('N')")
    op.create_partition("doma_panda.tablepart4copying", "y", "FOR VALUES IN ('Y')")
    op.create_partition("doma_panda.tablepart4copying", "must_not", "FOR VALUES IN ('MUST NOT')")
    op.create_partition("doma_panda.tablepart4copying")
    op.create_table(
        "pandaids_modiftime_errlog_old",
        sa.Column("ora_err_number$", sa.BigInteger(), comment="Oracle error number"),
        sa.Column("ora_err_mesg$", sa.String(2000), comment="Oracle error message"),
        sa.Column("ora_err_rowid$", OID(), comment="Row the error hit, for update and delete"),
        sa.Column(
            "ora_err_optyp$",
            sa.String(2),
            comment="Operation that failed: I insert, U update, D delete",
        ),
        sa.Column(
            "ora_err_tag$", sa.String(2000), comment="Tag the failing statement gave its errors"
        ),
        sa.Column("pandaid", sa.String(4000), comment="Rejected PandaID as text"),
        sa.Column("modiftime", sa.String(4000), comment="Rejected modification time as text"),
        schema=ARCHIVE,
        comment="Rows that failed to enter PANDAIDS_MODIFTIME_OLD, in the form of an Oracle DML error log.",
    )
    op.create_table(
        "pandaids_modiftime_old",
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Job, its PandaID",
        ),
        sa.Column(
            "modiftime",
            TIMESTAMP(),
            nullable=False,
            comment="Modification time of the archived job, tells its partition",
        ),
        sa.PrimaryKeyConstraint("pandaid", "modiftime", name="pandaids_modiftime_old_pkey"),
        schema=ARCHIVE,
        comment="Former index from PandaID to the time of its archive row, not filled since November 2019.",
    )
    op.create_table(
        "table_part_boundaries",
        sa.Column(
            "tab_name", sa.String(30), nullable=False, comment="Partitioned table of the archive"
        ),
        sa.Column("part_name", sa.String(30), nullable=False, comment="Partition of that table"),
        sa.Column(
            "part_position",
            sa.BigInteger(),
            comment="Place of the partition in the order of the bounds",
        ),
        sa.Column(
            "part_boundary_dictionary",
            sa.Text(),
            comment="Upper bound as the text of the database catalogue",
        ),
        sa.Column(
            "part_boundary", TIMESTAMP(), comment="Upper bound as a time, parsed from that text"
        ),
        sa.Column("last_created_view", sa.String(30), comment="View last built from the partition"),
        sa.PrimaryKeyConstraint("tab_name", "part_name", name="table_part_boundaries_pkey"),
        schema=ARCHIVE,
        comment="Upper bounds of the archive's partitions. Once used to build views of the last days; unused now.",
    )


def downgrade() -> None:
    op.drop_table("table_part_boundaries", schema=ARCHIVE)
    op.drop_table("pandaids_modiftime_old", schema=ARCHIVE)
    op.drop_table("pandaids_modiftime_errlog_old", schema=ARCHIVE)
    op.drop_table("tablepart4copying", schema=PANDA)
