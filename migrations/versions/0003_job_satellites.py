"""Files, metadata and parameters of jobs, and their archive tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PANDA = "doma_panda"
ARCHIVE = "doma_pandaarch"
EPOCH = sa.text("'1970-01-01 00:00:00'")
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")

FILE = [
    (
        "row_id",
        sa.BigInteger(),
        {
            "nullable": False,
            "autoincrement": False,
            "comment": "Number of the row, one per job attempt and file",
        },
    ),
    (
        "pandaid",
        sa.BigInteger(),
        {"nullable": False, "server_default": "0", "comment": "Job, its PandaID"},
    ),
    (
        "modificationtime",
        TIMESTAMP(),
        {
            "nullable": False,
            "server_default": EPOCH,
            "comment": "1970-01-01 while the job lives, then its final modificationtime; partition key",
        },
    ),
    ("guid", sa.String(64), {"comment": "Globally unique id of the file, NULL if unknown"}),
    ("lfn", sa.String(4000), {"comment": "Logical file name, unique in its scope"}),
    (
        "type",
        sa.String(20),
        {"comment": "Role: input, pseudo_input, pp_input, lib, output, log, zipinput or zipoutput"},
    ),
    (
        "dataset",
        sa.String(255),
        {"comment": "Dataset or container the file belongs to, as the task names it"},
    ),
    (
        "status",
        sa.String(64),
        {
            "comment": "Inputs: unknown to ready, cached, missing, skipped; outputs: to ready, finished, failed, nooutput"
        },
    ),
    ("proddblock", sa.String(255), {"comment": "Dataset of an input file"}),
    ("proddblocktoken", sa.String(250), {"comment": "Storage hint for the input dataset"}),
    (
        "dispatchdblock",
        sa.String(255),
        {"comment": "Dataset that moves the input to the site, NULL if it is not moved"},
    ),
    (
        "dispatchdblocktoken",
        sa.String(250),
        {
            "comment": "Storage token or flags; TOMERGE marks an unmerged input, an an optional output"
        },
    ),
    (
        "destinationdblock",
        sa.String(255),
        {"comment": "Dataset of an output or log file, with a _sub suffix while it is transferred"},
    ),
    (
        "destinationdblocktoken",
        sa.String(250),
        {"comment": "Storage token of the output; TOMERGE marks an output still to be merged"},
    ),
    (
        "destinationse",
        sa.String(250),
        {"comment": "Where the output goes: a site, a storage element or a nucleus"},
    ),
    (
        "fsize",
        sa.BigInteger(),
        {"nullable": False, "server_default": "0", "comment": "Size in bytes, 0 if unknown"},
    ),
    ("md5sum", sa.String(40), {"comment": "MD5 checksum of the file"}),
    (
        "checksum",
        sa.String(40),
        {"comment": "Checksum with its kind as prefix: ad for adler32, md for MD5"},
    ),
    ("scope", sa.String(30), {"comment": "Rucio scope of the file"}),
    (
        "jeditaskid",
        sa.BigInteger(),
        {"comment": "Task, JEDI_TASKS; NULL for jobs not made by JEDI"},
    ),
    ("datasetid", sa.BigInteger(), {"comment": "Dataset of the task, JEDI_DATASETS"}),
    ("fileid", sa.BigInteger(), {"comment": "File of the task, JEDI_DATASET_CONTENTS"}),
    (
        "attemptnr",
        sa.SmallInteger(),
        {
            "comment": "Attempt of the file; equals that in JEDI_DATASET_CONTENTS if this job is its current try"
        },
    ),
    (
        "creationtime",
        TIMESTAMP(),
        {"comment": "Only in the archive: time the row was created, NULL if never recorded"},
    ),
]

METADATA = [
    (
        "pandaid",
        sa.BigInteger(),
        {"nullable": False, "autoincrement": False, "comment": "Job, its PandaID"},
    ),
    (
        "modificationtime",
        TIMESTAMP(),
        {
            "nullable": False,
            "server_default": EPOCH,
            "comment": "1970-01-01 while the job lives, then its final modificationtime; partition key",
        },
    ),
    (
        "metadata",
        sa.Text(),
        {"comment": "Metadata of the job: what the pilot or the submitter gave, JSON or XML"},
    ),
]

PARAMETERS = [
    (
        "pandaid",
        sa.BigInteger(),
        {"nullable": False, "autoincrement": False, "comment": "Job, its PandaID"},
    ),
    (
        "modificationtime",
        TIMESTAMP(),
        {
            "nullable": False,
            "server_default": EPOCH,
            "comment": "1970-01-01 while the job lives, then its final modificationtime; partition key",
        },
    ),
    ("jobparameters", sa.Text(), {"comment": "Command line arguments of the payload"}),
]


def columns(declared: list, changes: dict | None = None) -> list[sa.Column]:
    """Return the columns of one table: as declared, but for its own defaults and nullability."""
    changes = changes or {}
    return [
        sa.Column(name, kind, **{**options, **changes.get(name, {})})
        for name, kind, options in declared
    ]


def upgrade() -> None:
    op.execute(
        CreateSequence(
            sa.Sequence("filestable4_row_id_seq", schema=PANDA, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.create_table(
        "filestable4",
        *columns(FILE),
        sa.PrimaryKeyConstraint("row_id", "modificationtime", name="filestable4_pkey"),
        schema=PANDA,
        comment="Files of each job attempt: inputs, outputs, logs and libraries.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_index(
        "filestable4_datasetype3col_idx",
        "filestable4",
        ["dataset", "type", "destinationdblock", "status", "pandaid"],
        schema=PANDA,
    )
    op.create_index(
        "filestable4_destdblock_idx", "filestable4", ["destinationdblock"], schema=PANDA
    )
    op.create_index("filestable4_dispdblock_idx", "filestable4", ["dispatchdblock"], schema=PANDA)
    op.create_index("filestable4_lfn_idx", "filestable4", ["lfn"], schema=PANDA)
    op.create_index("filestable4_pandaid_idx", "filestable4", ["pandaid"], schema=PANDA)
    op.create_index(
        "filestable4_taskfileid_idx",
        "filestable4",
        ["jeditaskid", "datasetid", "fileid"],
        schema=PANDA,
    )
    op.create_partition(
        "doma_panda.filestable4", "live", "FOR VALUES FROM (MINVALUE) TO ('1970-01-02')"
    )
    op.create_partition("doma_panda.filestable4")
    op.create_table(
        "filestable_arch",
        *columns(
            FILE, {"modificationtime": {"server_default": UTC_NOW}, "fsize": {"nullable": True}}
        ),
        sa.PrimaryKeyConstraint("row_id", "modificationtime", name="filestable_arch_pkey"),
        schema=ARCHIVE,
        comment="Archive of the files of jobs, copied from FILESTABLE4.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_index(
        "file_arch_task_dset_fileid_idx",
        "filestable_arch",
        ["jeditaskid", "datasetid", "fileid", "pandaid"],
        schema=ARCHIVE,
    )
    op.create_index("files_arch_lfn_idx", "filestable_arch", ["lfn"], schema=ARCHIVE)
    op.create_index("files_arch_pandaid_idx", "filestable_arch", ["pandaid"], schema=ARCHIVE)
    op.create_index("files_arch_rowid_idx", "filestable_arch", ["row_id"], schema=ARCHIVE)
    op.create_partition("doma_pandaarch.filestable_arch")
    op.create_table(
        "metatable",
        *columns(METADATA),
        sa.PrimaryKeyConstraint("pandaid", "modificationtime", name="metatable_pkey"),
        schema=PANDA,
        comment="Metadata of jobs, one row per job that has any.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_partition(
        "doma_panda.metatable", "live", "FOR VALUES FROM (MINVALUE) TO ('1970-01-02')"
    )
    op.create_partition("doma_panda.metatable")
    op.create_table(
        "metatable_arch",
        *columns(
            METADATA,
            {"pandaid": {"server_default": "0"}, "modificationtime": {"server_default": UTC_NOW}},
        ),
        sa.PrimaryKeyConstraint("pandaid", "modificationtime", name="metatable_arch_pkey"),
        schema=ARCHIVE,
        comment="Archive of job metadata, copied from METATABLE.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_index("meta_arch_pandaid_idx", "metatable_arch", ["pandaid"], schema=ARCHIVE)
    op.create_partition("doma_pandaarch.metatable_arch")
    op.create_table(
        "jobparamstable",
        *columns(PARAMETERS),
        sa.PrimaryKeyConstraint("pandaid", "modificationtime", name="jobparamstable_pkey"),
        schema=PANDA,
        comment="Parameters of jobs, one row per job.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_partition(
        "doma_panda.jobparamstable", "live", "FOR VALUES FROM (MINVALUE) TO ('1970-01-02')"
    )
    op.create_partition("doma_panda.jobparamstable")
    op.create_table(
        "jobparamstable_arch",
        *columns(PARAMETERS, {"modificationtime": {"server_default": UTC_NOW}}),
        sa.PrimaryKeyConstraint("pandaid", "modificationtime", name="jobparamstable_arch_pkey"),
        schema=ARCHIVE,
        comment="Archive of job parameters, copied from JOBPARAMSTABLE.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_index(
        "jobparams_arch_pandaid_idx", "jobparamstable_arch", ["pandaid"], schema=ARCHIVE
    )
    op.create_partition("doma_pandaarch.jobparamstable_arch")


def downgrade() -> None:
    op.drop_table("jobparamstable_arch", schema=ARCHIVE)
    op.drop_table("jobparamstable", schema=PANDA)
    op.drop_table("metatable_arch", schema=ARCHIVE)
    op.drop_table("metatable", schema=PANDA)
    op.drop_table("filestable_arch", schema=ARCHIVE)
    op.drop_table("filestable4", schema=PANDA)
    op.execute(DropSequence(sa.Sequence("filestable4_row_id_seq", schema=PANDA)))
