"""What is known of a job beside its row: status log, retries, reports, metrics."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PANDA = "doma_panda"


def upgrade() -> None:
    op.create_table(
        "jedi_job_retry_history",
        sa.Column("jeditaskid", sa.BigInteger(), nullable=False, comment="Task, JEDI_TASKS"),
        sa.Column(
            "oldpandaid",
            sa.BigInteger(),
            nullable=False,
            comment="Earlier job, or a jobset for jobset_id and jobset_retry",
        ),
        sa.Column(
            "newpandaid",
            sa.BigInteger(),
            nullable=False,
            comment="Later job, or a jobset for jobset_retry and jobset_map",
        ),
        sa.Column(
            "ins_utc_tstamp",
            TIMESTAMP(),
            nullable=False,
            server_default=sa.text("(CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC')"),
            comment="When the relation was recorded; partition key",
        ),
        sa.Column(
            "relationtype",
            sa.String(32),
            comment="Kind of relation: retry, merge, es_merge, jobset_id, jobset_retry or jobset_map",
        ),
        sa.Column(
            "originpandaid",
            sa.BigInteger(),
            comment="First job of the chain of attempts, the smallest if several",
        ),
        sa.UniqueConstraint(
            "jeditaskid",
            "oldpandaid",
            "newpandaid",
            "originpandaid",
            "ins_utc_tstamp",
            name="jedi_job_retry_history_jeditaskid_oldpandaid_newpandaid_ori_key",
        ),
        schema=PANDA,
        comment="Which job or jobset follows which, with the kind of relation.",
        postgresql_partition_by="RANGE (ins_utc_tstamp)",
    )
    op.create_index(
        "jedi_job_retry_hist_oldpid_idx", "jedi_job_retry_history", ["oldpandaid"], schema=PANDA
    )
    op.create_index(
        "jedi_job_retry_hist_origid_idx", "jedi_job_retry_history", ["originpandaid"], schema=PANDA
    )
    op.create_index(
        "jedi_job_retry_history_uq",
        "jedi_job_retry_history",
        ["jeditaskid", "newpandaid", "oldpandaid", "originpandaid", "ins_utc_tstamp"],
        schema=PANDA,
        unique=True,
    )
    op.create_partition("doma_panda.jedi_job_retry_history")
    op.create_table(
        "job_metrics",
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Job, its PandaID",
        ),
        sa.Column("jeditaskid", sa.BigInteger(), comment="Task, JEDI_TASKS"),
        sa.Column("creationtime", TIMESTAMP(), comment="When the row was created"),
        sa.Column(
            "modificationtime",
            TIMESTAMP(),
            nullable=False,
            comment="When a measurement was stored last",
        ),
        sa.Column("data", sa.Text(), comment="Measurements as a JSON object"),
        sa.PrimaryKeyConstraint("pandaid", "modificationtime", name="job_metrics_pkey"),
        schema=PANDA,
        comment="Measurements of jobs, one JSON document per job, e.g. the queuing period.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_partition("doma_panda.job_metrics")
    op.create_table(
        "job_output_report",
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Job, its PandaID",
        ),
        sa.Column(
            "prodsourcelabel",
            sa.String(20),
            comment="Kind of the job: managed, user, panda, test and others",
        ),
        sa.Column(
            "jobstatus",
            sa.String(15),
            nullable=False,
            comment="Final status the pilot reported, or esregister to register event service files",
        ),
        sa.Column(
            "attemptnr",
            sa.SmallInteger(),
            nullable=False,
            autoincrement=False,
            comment="Attempt of the job the report is for",
        ),
        sa.Column("data", sa.Text(), comment="Report of the outputs, JSON or XML; may be empty"),
        sa.Column("timestamp", TIMESTAMP(), nullable=False, comment="When the report was stored"),
        sa.Column(
            "lockedby",
            sa.String(56),
            comment="Adder process that works on the report, NULL if free",
        ),
        sa.Column(
            "lockedtime",
            TIMESTAMP(),
            comment="When it was locked; moved by an offset to delay the next try",
        ),
        sa.PrimaryKeyConstraint("pandaid", "attemptnr", name="job_output_report_pkey"),
        schema=PANDA,
        comment="Final reports of pilots that wait for the Adder.",
    )
    op.create_table(
        "jobs_statuslog",
        sa.Column("pandaid", sa.BigInteger(), nullable=False, comment="Job, its PandaID"),
        sa.Column(
            "modificationtime",
            TIMESTAMP(),
            nullable=False,
            comment="When the change was recorded, by the database clock; partition key",
        ),
        sa.Column("jobstatus", sa.String(15), nullable=False, comment="Status the job changed to"),
        sa.Column(
            "prodsourcelabel",
            sa.String(20),
            comment="Kind of the job: managed, user, panda, test and others",
        ),
        sa.Column("cloud", sa.String(50), comment="Region of the job's queue"),
        sa.Column("computingsite", sa.String(128), comment="PanDA queue of the job at the time"),
        sa.Column("modificationhost", sa.String(128), comment="Server host that made the change"),
        sa.Column(
            "modiftime_extended",
            TIMESTAMP(),
            comment="Same time as modificationtime with fractions of a second",
        ),
        schema=PANDA,
        comment="Log of job status changes, nearly complete: some bulk updates leave no row.",
        postgresql_partition_by="RANGE (modificationtime)",
    )
    op.create_index("jobs_statuslog_pandaid_idx", "jobs_statuslog", ["pandaid"], schema=PANDA)
    op.create_partition("doma_panda.jobs_statuslog")
    op.create_table(
        "jobsdebug",
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Job, its PandaID",
        ),
        sa.Column(
            "stdout", sa.String(2048), comment="Last output the pilot sent, at most 2048 characters"
        ),
        sa.PrimaryKeyConstraint("pandaid", name="jobsdebug_pkey"),
        schema=PANDA,
        comment="Tail of the payload's output for jobs in debug mode.",
    )
    op.create_table(
        "tmp_pandaids_relations",
        sa.Column("pandaid", sa.BigInteger(), nullable=False, comment="Job, its PandaID"),
        sa.Column(
            "newjobid",
            sa.BigInteger(),
            nullable=False,
            comment="Job id that stands for the PandaID",
        ),
        schema=PANDA,
        comment="Scratch table that maps a PandaID to another job id.",
    )


def downgrade() -> None:
    op.drop_table("tmp_pandaids_relations", schema=PANDA)
    op.drop_table("jobsdebug", schema=PANDA)
    op.drop_table("jobs_statuslog", schema=PANDA)
    op.drop_table("job_output_report", schema=PANDA)
    op.drop_table("job_metrics", schema=PANDA)
    op.drop_table("jedi_job_retry_history", schema=PANDA)
