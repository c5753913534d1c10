"""Datasets of tasks, their files, and ranges of events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PANDA = "doma_panda"


def upgrade() -> None:
    op.execute(
        CreateSequence(
            sa.Sequence(
                "jedi_dataset_cont_fileid_seq", schema=PANDA, data_type=sa.BigInteger(), cache=100
            )
        )
    )
    op.execute(
        CreateSequence(sa.Sequence("jedi_datasets_id_seq", schema=PANDA, data_type=sa.BigInteger()))
    )
    op.execute(
        CreateSequence(
            sa.Sequence(
                "subcounter_subid_seq",
                schema=PANDA,
                data_type=sa.BigInteger(),
                maxvalue=9999999,
                cycle=True,
            )
        )
    )
    op.create_table(
        "datasets",
        sa.Column("vuid", sa.String(40), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("version", sa.String(10)),
        sa.Column("type", sa.String(20)),
        sa.Column("status", sa.String(10)),
        sa.Column("numberfiles", sa.Integer()),
        sa.Column("currentfiles", sa.Integer()),
        sa.Column("creationdate", TIMESTAMP()),
        sa.Column("modificationdate", TIMESTAMP(), nullable=False),
        sa.Column("moverid", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("transferstatus", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("subtype", sa.String(5)),
        sa.PrimaryKeyConstraint("vuid", "modificationdate", name="datasets_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.datasets.",
        postgresql_partition_by="RANGE (modificationdate)",
    )
    op.create_index("datasets_modifdate_idx", "datasets", ["modificationdate"], schema=PANDA)
    op.create_index("datasets_moverid_indx", "datasets", ["moverid"], schema=PANDA)
    op.create_index("datasets_name_idx", "datasets", ["name"], schema=PANDA)
    op.create_index(
        "datasets_stat_type_mdate_idx",
        "datasets",
        ["type", "status", "modificationdate", "subtype"],
        schema=PANDA,
    )
    op.create_partition("doma_panda.datasets")
    op.create_table(
        "jedi_dataset_contents",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("datasetid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("fileid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("creationdate", TIMESTAMP(), nullable=False),
        sa.Column("lastattempttime", TIMESTAMP()),
        sa.Column("lfn", sa.String(4000), nullable=False),
        sa.Column("guid", sa.String(64)),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("fsize", sa.BigInteger()),
        sa.Column("checksum", sa.String(36)),
        sa.Column("scope", sa.String(30)),
        sa.Column("attemptnr", sa.SmallInteger()),
        sa.Column("maxattempt", sa.SmallInteger()),
        sa.Column("nevents", sa.BigInteger()),
        sa.Column("keeptrack", sa.SmallInteger()),
        sa.Column("startevent", sa.BigInteger()),
        sa.Column("endevent", sa.BigInteger()),
        sa.Column("firstevent", sa.BigInteger()),
        sa.Column("boundaryid", sa.BigInteger()),
        sa.Column("pandaid", sa.BigInteger()),
        sa.Column("failedattempt", sa.SmallInteger()),
        sa.Column("lumiblocknr", sa.BigInteger()),
        sa.Column("outpandaid", sa.BigInteger()),
        sa.Column("maxfailure", sa.SmallInteger()),
        sa.Column("ramcount", sa.BigInteger(), server_default="0"),
        sa.Column("is_waiting", sa.CHAR(1)),
        sa.Column("jobsetid", sa.BigInteger()),
        sa.Column("proc_status", sa.String(64)),
        sa.Column("constituent_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint(
            "jeditaskid", "datasetid", "fileid", name="jedi_dataset_contents_pkey"
        ),
        schema=PANDA,
        comment="TODO doma_panda.jedi_dataset_contents.",
        postgresql_partition_by="RANGE (jeditaskid)",
    )
    op.create_index(
        "jedi_dataset_contents_id_idx", "jedi_dataset_contents", ["datasetid"], schema=PANDA
    )
    op.create_index(
        "jedi_dataset_contents_pid_idx", "jedi_dataset_contents", ["pandaid"], schema=PANDA
    )
    op.create_index("jedi_datasetcontent_lfn_idx", "jedi_dataset_contents", ["lfn"], schema=PANDA)
    op.create_partition("doma_panda.jedi_dataset_contents")
    op.create_table(
        "jedi_dataset_locality",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("datasetid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("rse", sa.String(64), nullable=False),
        sa.Column("timestamp", TIMESTAMP(), nullable=False),
        sa.PrimaryKeyConstraint(
            "jeditaskid", "datasetid", "rse", name="jedi_dataset_locality_pkey"
        ),
        schema=PANDA,
        comment="TODO doma_panda.jedi_dataset_locality.",
    )
    op.create_table(
        "jedi_datasets",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("datasetid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("datasetname", sa.String(255), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("creationtime", TIMESTAMP(), nullable=False),
        sa.Column("modificationtime", TIMESTAMP(), nullable=False),
        sa.Column("vo", sa.String(32)),
        sa.Column("cloud", sa.String(10)),
        sa.Column("site", sa.String(60)),
        sa.Column("masterid", sa.BigInteger()),
        sa.Column("provenanceid", sa.BigInteger()),
        sa.Column("containername", sa.String(255)),
        sa.Column("status", sa.String(20)),
        sa.Column("state", sa.String(20)),
        sa.Column("statechecktime", TIMESTAMP()),
        sa.Column("statecheckexpiration", TIMESTAMP()),
        sa.Column("frozentime", TIMESTAMP()),
        sa.Column("nfiles", sa.BigInteger()),
        sa.Column("nfilestobeused", sa.BigInteger()),
        sa.Column("nfilesused", sa.BigInteger()),
        sa.Column("nfilesonhold", sa.BigInteger()),
        sa.Column("nevents", sa.BigInteger()),
        sa.Column("neventstobeused", sa.BigInteger()),
        sa.Column("neventsused", sa.BigInteger()),
        sa.Column("lockedby", sa.String(56)),
        sa.Column("lockedtime", TIMESTAMP()),
        sa.Column("nfilesfinished", sa.BigInteger()),
        sa.Column("nfilesfailed", sa.BigInteger()),
        sa.Column("attributes", sa.String(100)),
        sa.Column("streamname", sa.String(20)),
        sa.Column("storagetoken", sa.String(100)),
        sa.Column("destination", sa.String(60)),
        sa.Column("templateid", sa.BigInteger()),
        sa.Column("nfileswaiting", sa.BigInteger()),
        sa.Column("nfilesmissing", sa.BigInteger()),
        sa.PrimaryKeyConstraint("jeditaskid", "datasetid", name="jedi_datasets_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.jedi_datasets.",
        postgresql_partition_by="RANGE (jeditaskid)",
    )
    op.create_index(
        "jedi_dataset_containername_idx", "jedi_datasets", ["containername"], schema=PANDA
    )
    op.create_index(
        "jedi_dataset_dnametypetid_idx",
        "jedi_datasets",
        ["datasetname", "type", "jeditaskid"],
        schema=PANDA,
    )
    op.create_index("jedi_dataset_lockedby_idx", "jedi_datasets", ["lockedby"], schema=PANDA)
    op.create_index(
        "jedi_dataset_statecheckexp_idx", "jedi_datasets", ["statecheckexpiration"], schema=PANDA
    )
    op.create_index("jedi_datasets_dsetid_idx", "jedi_datasets", ["datasetid"], schema=PANDA)
    op.create_index(
        "jedi_datasets_taskid_type_idx", "jedi_datasets", ["jeditaskid", "type"], schema=PANDA
    )
    op.create_partition("doma_panda.jedi_datasets")
    op.create_table(
        "jedi_events",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("pandaid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("fileid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("job_processid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("datasetid", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("def_min_eventid", sa.BigInteger()),
        sa.Column("def_max_eventid", sa.BigInteger()),
        sa.Column("processed_upto_eventid", sa.BigInteger()),
        sa.Column("attemptnr", sa.SmallInteger()),
        sa.Column("objstore_id", sa.BigInteger()),
        sa.Column("event_offset", sa.BigInteger()),
        sa.Column("is_jumbo", sa.SmallInteger()),
        sa.Column("ziprow_id", sa.BigInteger()),
        sa.Column("file_not_deleted", sa.CHAR(1)),
        sa.Column("error_code", sa.Integer()),
        sa.Column("path_convention", sa.SmallInteger()),
        sa.Column("error_diag", sa.String(500)),
        sa.PrimaryKeyConstraint(
            "jeditaskid", "pandaid", "fileid", "job_processid", name="jedi_events_pkey"
        ),
        schema=PANDA,
        comment="TODO doma_panda.jedi_events.",
        postgresql_partition_by="RANGE (jeditaskid)",
    )
    op.create_index(
        "jedi_events_file_notdel_idx", "jedi_events", ["file_not_deleted"], schema=PANDA
    )
    op.create_index("jedi_events_fileid_idx", "jedi_events", ["fileid"], schema=PANDA)
    op.create_index(
        "jedi_events_pandaid_status_idx", "jedi_events", ["pandaid", "status"], schema=PANDA
    )
    op.create_partition("doma_panda.jedi_events")


def downgrade() -> None:
    op.drop_table("jedi_events", schema=PANDA)
    op.drop_table("jedi_datasets", schema=PANDA)
    op.drop_table("jedi_dataset_locality", schema=PANDA)
    op.drop_table("jedi_dataset_contents", schema=PANDA)
    op.drop_table("datasets", schema=PANDA)
    op.execute(DropSequence(sa.Sequence("jedi_dataset_cont_fileid_seq", schema=PANDA)))
    op.execute(DropSequence(sa.Sequence("jedi_datasets_id_seq", schema=PANDA)))
    op.execute(DropSequence(sa.Sequence("subcounter_subid_seq", schema=PANDA)))
