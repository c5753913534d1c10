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
        sa.Column("vuid", sa.String(40), nullable=False, comment="Id of the dataset"),
        sa.Column("name", sa.String(255), nullable=False, comment="Name of the dataset"),
        sa.Column("version", sa.String(10), comment="Version of the dataset"),
        sa.Column("type", sa.String(20), comment="Role: input, output, log, dispatch and others"),
        sa.Column(
            "status",
            sa.String(10),
            comment="State: defined, running, tobeclosed, completed, deleted and others",
        ),
        sa.Column("numberfiles", sa.Integer(), comment="Files that the dataset will have"),
        sa.Column(
            "currentfiles", sa.Integer(), comment="Files in it, for dispatch blocks the failed jobs"
        ),
        sa.Column("creationdate", TIMESTAMP(), comment="When the row was made"),
        sa.Column(
            "modificationdate", TIMESTAMP(), nullable=False, comment="Last change; partition key"
        ),
        sa.Column(
            "moverid",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Job that moves the dataset, 0 for none",
        ),
        sa.Column(
            "transferstatus",
            sa.SmallInteger(),
            nullable=False,
            server_default="0",
            comment="State of its transfer as a number",
        ),
        sa.Column(
            "subtype",
            sa.String(5),
            comment="sub for output per job set, dis for input sent to a site, top and others",
        ),
        sa.PrimaryKeyConstraint("vuid", "modificationdate", name="datasets_pkey"),
        schema=PANDA,
        comment="Datasets of the data management that the server has made or moves.",
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
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column(
            "datasetid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Dataset, JEDI_DATASETS",
        ),
        sa.Column(
            "fileid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the file, or of a part of it",
        ),
        sa.Column("creationdate", TIMESTAMP(), nullable=False, comment="When the row was made"),
        sa.Column("lastattempttime", TIMESTAMP(), comment="When the last attempt began"),
        sa.Column("lfn", sa.String(4000), nullable=False, comment="Logical file name"),
        sa.Column("guid", sa.String(64), comment="Global id of the file"),
        sa.Column(
            "type", sa.String(20), nullable=False, comment="Role of the file, as of its dataset"
        ),
        sa.Column(
            "status",
            sa.String(64),
            nullable=False,
            comment="State: ready, picked, running, finished, failed, cancelled, lost, missing and others",
        ),
        sa.Column("fsize", sa.BigInteger(), comment="Size, bytes"),
        sa.Column(
            "checksum", sa.String(36), comment="Checksum with its kind, ad: for adler32 or md5:"
        ),
        sa.Column("scope", sa.String(30), comment="Scope of the name in the data management"),
        sa.Column(
            "attemptnr",
            sa.SmallInteger(),
            comment="Attempt, one more with each end of a job, success included",
        ),
        sa.Column(
            "maxattempt",
            sa.SmallInteger(),
            comment="Attempts allowed, NULL for a secondary file that is not tracked",
        ),
        sa.Column("nevents", sa.BigInteger(), comment="Events in the file"),
        sa.Column(
            "keeptrack",
            sa.SmallInteger(),
            comment="1 while JEDI owns the row, NULL once it is frozen",
        ),
        sa.Column(
            "startevent", sa.BigInteger(), comment="First event to process, counted in the file"
        ),
        sa.Column(
            "endevent", sa.BigInteger(), comment="Last event to process, counted in the file"
        ),
        sa.Column("firstevent", sa.BigInteger(), comment="Number of the first event in the file"),
        sa.Column(
            "boundaryid",
            sa.BigInteger(),
            comment="Files of one value belong together; for output to be merged the job that made it",
        ),
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            comment="Job of the latest attempt, or the job set of an event service job",
        ),
        sa.Column("failedattempt", sa.SmallInteger(), comment="Attempts whose job failed"),
        sa.Column("lumiblocknr", sa.BigInteger(), comment="Luminosity block"),
        sa.Column("outpandaid", sa.BigInteger(), comment="Job that made this output"),
        sa.Column(
            "maxfailure", sa.SmallInteger(), comment="Failed attempts allowed, NULL for no limit"
        ),
        sa.Column(
            "ramcount",
            sa.BigInteger(),
            server_default="0",
            comment="Memory that the next job for the file asks for, MB; higher after failures for memory",
        ),
        sa.Column(
            "is_waiting", sa.CHAR(1), comment="Y while a co-jumbo placeholder waits for the file"
        ),
        sa.Column("jobsetid", sa.BigInteger(), comment="Job set of the latest attempt"),
        sa.Column(
            "proc_status",
            sa.String(64),
            comment="Fine state of processing: ready, queued, starting, running, merging, transferring, finished, failed",
        ),
        sa.Column(
            "constituent_id",
            sa.BigInteger(),
            comment="Dataset of a container that the file comes from",
        ),
        sa.PrimaryKeyConstraint(
            "jeditaskid", "datasetid", "fileid", name="jedi_dataset_contents_pkey"
        ),
        schema=PANDA,
        comment="Files of the datasets of tasks, each with its latest attempt only.",
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
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column(
            "datasetid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Dataset, JEDI_DATASETS",
        ),
        sa.Column(
            "rse", sa.String(64), nullable=False, comment="Storage element that has the dataset"
        ),
        sa.Column("timestamp", TIMESTAMP(), nullable=False, comment="When that was found"),
        sa.PrimaryKeyConstraint(
            "jeditaskid", "datasetid", "rse", name="jedi_dataset_locality_pkey"
        ),
        schema=PANDA,
        comment="Storages that have the datasets of tasks.",
    )
    op.create_table(
        "jedi_datasets",
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column(
            "datasetid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the dataset",
        ),
        sa.Column("datasetname", sa.String(255), nullable=False, comment="Name of the dataset"),
        sa.Column(
            "type",
            sa.String(20),
            nullable=False,
            comment="Role: input, pseudo_input, pp_input, output, log, lib, random_seed, trn_log, trn_output, tmpl_*",
        ),
        sa.Column("creationtime", TIMESTAMP(), nullable=False, comment="When the row was made"),
        sa.Column("modificationtime", TIMESTAMP(), nullable=False, comment="Last change"),
        sa.Column("vo", sa.String(32), comment="Virtual organization"),
        sa.Column("cloud", sa.String(10), comment="Cloud of the dataset"),
        sa.Column("site", sa.String(60), comment="Site that the dataset has to be at"),
        sa.Column(
            "masterid",
            sa.BigInteger(),
            comment="Master dataset of the task that this one goes along with, NULL for a master",
        ),
        sa.Column("provenanceid", sa.BigInteger(), comment="Dataset that this one is made from"),
        sa.Column("containername", sa.String(255), comment="Container that the dataset belongs to"),
        sa.Column(
            "status",
            sa.String(20),
            comment="State: defined, toupdate, ready, registered, prepared, done, finished, failed or removed",
        ),
        sa.Column(
            "state",
            sa.String(20),
            comment="Whether files may be added: open, closed, mutable while a parent task still produces",
        ),
        sa.Column("statechecktime", TIMESTAMP(), comment="When the state was last checked"),
        sa.Column(
            "statecheckexpiration", TIMESTAMP(), comment="When the state is to be checked again"
        ),
        sa.Column("frozentime", TIMESTAMP(), comment="Since when nothing has come in"),
        sa.Column("nfiles", sa.BigInteger(), comment="Files in the dataset, without lost ones"),
        sa.Column("nfilestobeused", sa.BigInteger(), comment="Files released for processing"),
        sa.Column("nfilesused", sa.BigInteger(), comment="Files taken for jobs, or beyond that"),
        sa.Column(
            "nfilesonhold",
            sa.BigInteger(),
            comment="Files whose jobs are transferring, or that wait to be merged",
        ),
        sa.Column("nevents", sa.BigInteger(), comment="Events in the dataset"),
        sa.Column("neventstobeused", sa.BigInteger(), comment="Events released for processing"),
        sa.Column("neventsused", sa.BigInteger(), comment="Events of the files that are finished"),
        sa.Column(
            "lockedby", sa.String(56), comment="Agent that works on the dataset, NULL for none"
        ),
        sa.Column("lockedtime", TIMESTAMP(), comment="When the agent took it"),
        sa.Column("nfilesfinished", sa.BigInteger(), comment="Files processed with success"),
        sa.Column("nfilesfailed", sa.BigInteger(), comment="Files out of attempts"),
        sa.Column(
            "attributes", sa.String(100), comment="Flags of two letters, separated by commas"
        ),
        sa.Column(
            "streamname",
            sa.String(20),
            comment="Placeholder of the dataset in the parameters of jobs",
        ),
        sa.Column("storagetoken", sa.String(100), comment="Storage or space token for the files"),
        sa.Column("destination", sa.String(60), comment="Site that the output goes to"),
        sa.Column(
            "templateid", sa.BigInteger(), comment="Template dataset that this one was made from"
        ),
        sa.Column("nfileswaiting", sa.BigInteger(), comment="Files that wait for a co-jumbo job"),
        sa.Column(
            "nfilesmissing", sa.BigInteger(), comment="Files that vanished from their source"
        ),
        sa.PrimaryKeyConstraint("jeditaskid", "datasetid", name="jedi_datasets_pkey"),
        schema=PANDA,
        comment="Datasets of tasks with counters of their files and events.",
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
        sa.Column(
            "jeditaskid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Task, JEDI_TASKS",
        ),
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Job that has the range; the job set until one takes it",
        ),
        sa.Column(
            "fileid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Input file, JEDI_DATASET_CONTENTS",
        ),
        sa.Column(
            "job_processid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the range in its file",
        ),
        sa.Column(
            "datasetid",
            sa.BigInteger(),
            nullable=False,
            comment="Dataset of the file, JEDI_DATASETS",
        ),
        sa.Column(
            "status",
            sa.SmallInteger(),
            nullable=False,
            comment="0 ready, 1 sent, 2 running, 3 finished, 4 cancelled, 5 discarded, 6 done, 7 failed, 8 fatal, 9 merged, 10 corrupted",
        ),
        sa.Column("def_min_eventid", sa.BigInteger(), comment="First event of the range"),
        sa.Column("def_max_eventid", sa.BigInteger(), comment="Last event of the range"),
        sa.Column(
            "processed_upto_eventid", sa.BigInteger(), comment="Last event that is done, 0 for none"
        ),
        sa.Column("attemptnr", sa.SmallInteger(), comment="Attempts that are left"),
        sa.Column("objstore_id", sa.BigInteger(), comment="Object store that has the output"),
        sa.Column(
            "event_offset",
            sa.BigInteger(),
            comment="Offset of the events, the job set at the beginning",
        ),
        sa.Column("is_jumbo", sa.SmallInteger(), comment="1 if a jumbo job took it"),
        sa.Column(
            "ziprow_id",
            sa.BigInteger(),
            comment="Row of FILESTABLE4 of the archive file that holds the output",
        ),
        sa.Column(
            "file_not_deleted", sa.CHAR(1), comment="Y if the output file could not be deleted"
        ),
        sa.Column("error_code", sa.Integer(), comment="Error of the last attempt"),
        sa.Column(
            "path_convention", sa.SmallInteger(), comment="How the path in the object store is made"
        ),
        sa.Column("error_diag", sa.String(500), comment="What went wrong in the last attempt"),
        sa.PrimaryKeyConstraint(
            "jeditaskid", "pandaid", "fileid", "job_processid", name="jedi_events_pkey"
        ),
        schema=PANDA,
        comment="Ranges of events that jobs of the event service take one by one.",
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
