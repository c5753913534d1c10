"""The job queue: control of jobs, leases, dependencies, groups, an outbox, workers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

OWN = "pandadb"
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")
TABLES = (
    "job_control",
    "job_lease",
    "job_dependency",
    "job_group",
    "job_group_member",
    "outbox",
    "worker",
)


def upgrade() -> None:
    op.execute(
        sa.schema.CreateSequence(
            sa.Sequence("job_lease_token", schema=OWN, data_type=sa.BigInteger())
        )
    )
    op.create_table(
        "job_control",
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The job, the jobs tables",
        ),
        sa.Column(
            "public_id",
            sa.String(12),
            nullable=False,
            comment="Name of the job outside: twelve letters, not to be guessed",
        ),
        sa.Column(
            "queue",
            sa.String(128),
            nullable=False,
            comment="Queue whose workers may take the job; COMPUTINGSITE of the job",
        ),
        sa.Column(
            "name",
            sa.String(300),
            comment="Name of the job in its flow; its attempts have the same",
        ),
        sa.Column(
            "kind",
            sa.String(10),
            nullable=False,
            comment="argv: the payload is a program; handler: a function; none: neither",
        ),
        sa.Column(
            "backoff",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="Seconds between the first attempt and the second; doubled after each",
        ),
        sa.Column(
            "backoff_limit",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("3600"),
            comment="Seconds between two attempts at most",
        ),
        sa.Column(
            "index_number",
            sa.SmallInteger(),
            nullable=False,
            server_default=sa.text("1"),
            comment="1, or n for the job that replaces the one of n - 1",
        ),
        sa.Column(
            "group_key", sa.String(128), comment="Group of the job, JOB_GROUP; NULL if it has none"
        ),
        sa.Column(
            "dedupe_key",
            sa.String(256),
            comment="Key that no two live jobs of a queue have; NULL after the end",
        ),
        sa.Column(
            "run_after",
            TIMESTAMP(),
            comment="Time before which the job is not ready; NULL if it has none",
        ),
        sa.Column(
            "held",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether the job is paused by a user",
        ),
        sa.Column(
            "has_children",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether other jobs depend on the job, JOB_DEPENDENCY",
        ),
        sa.Column(
            "announces",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether the end of the job is an event of OUTBOX",
        ),
        sa.Column(
            "cancel_requested_at",
            TIMESTAMP(),
            comment="Time at which a worker was asked to end the payload; NULL if it was not",
        ),
        sa.Column(
            "step_attempts",
            sa.SmallInteger(),
            nullable=False,
            server_default=sa.text("0"),
            comment="Failed attempts of the present step, such as staging",
        ),
        sa.Column("step_error", sa.Text(), comment="Error of the last attempt of the present step"),
        sa.Column(
            "suspended",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether a step has failed for good; a retry goes on",
        ),
        sa.Column(
            "details",
            JSONB(),
            comment="Metadata, resources, execution configuration, folder and process, if any",
        ),
        sa.Column(
            "last_changed",
            TIMESTAMP(),
            comment="Last change of this row or of the dependencies of the job",
        ),
        sa.PrimaryKeyConstraint("pandaid", name="job_control_pkey"),
        sa.CheckConstraint("kind IN ('argv', 'handler', 'none')", name="job_control_kind_check"),
        schema=OWN,
        comment="Columns of a job of the job queue beside those of PanDA; other jobs are PanDA's own.",
    )
    op.create_index(
        "job_control_dedupe_idx",
        "job_control",
        ["queue", "dedupe_key"],
        schema=OWN,
        unique=True,
        postgresql_where=sa.text("dedupe_key IS NOT NULL"),
    )
    op.create_index(
        "job_control_due_idx",
        "job_control",
        ["queue", "run_after"],
        schema=OWN,
        postgresql_where=sa.text("run_after IS NOT NULL"),
    )
    op.create_index(
        "job_control_public_id_key", "job_control", ["public_id"], schema=OWN, unique=True
    )
    op.create_table(
        "job_lease",
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The job, the jobs tables",
        ),
        sa.Column(
            "token",
            sa.BigInteger(),
            nullable=False,
            comment="Fencing token: later leases have higher ones, of whichever job",
        ),
        sa.Column(
            "until",
            TIMESTAMP(),
            nullable=False,
            comment="Time at which the lease expires, unless a heartbeat renews it",
        ),
        sa.Column("owner", sa.String(128), nullable=False, comment="The worker, WORKER"),
        sa.PrimaryKeyConstraint("pandaid", name="job_lease_pkey"),
        schema=OWN,
        comment="Jobs that workers have, each with the token that only its present worker knows.",
    )
    op.create_table(
        "job_dependency",
        sa.Column("parent", sa.BigInteger(), nullable=False, comment="Job that has to end first"),
        sa.Column("child", sa.BigInteger(), nullable=False, comment="Job that waits for it"),
        sa.Column(
            "on_failure",
            sa.String(10),
            nullable=False,
            server_default="block",
            comment="If the parent does not finish: block: the child waits on; ignore: it is ready; cancel: it is closed",
        ),
        sa.Column(
            "parent_state",
            sa.String(15),
            comment="State in which the parent has ended; NULL while it has not",
        ),
        sa.PrimaryKeyConstraint("parent", "child", name="job_dependency_pkey"),
        sa.CheckConstraint(
            "on_failure IN ('block', 'ignore', 'cancel')", name="job_dependency_on_failure_check"
        ),
        schema=OWN,
        comment="Dependencies of jobs: a child is not ready before its parents have ended.",
    )
    op.create_index("job_dependency_child_idx", "job_dependency", ["child"], schema=OWN)
    op.create_table(
        "job_group",
        sa.Column("group_key", sa.String(128), nullable=False, comment="The group"),
        sa.Column(
            "max_running",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("1"),
            comment="How many of its jobs may be activated or run at once",
        ),
        sa.PrimaryKeyConstraint("group_key", name="job_group_pkey"),
        sa.CheckConstraint("max_running > 0", name="job_group_max_running_check"),
        schema=OWN,
        comment="Groups of jobs with a limit to the jobs that run at once.",
    )
    op.create_table(
        "job_group_member",
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The job, the jobs tables",
        ),
        sa.Column(
            "group_key", sa.String(128), nullable=False, comment="Group of the job, JOB_GROUP"
        ),
        sa.Column(
            "priority",
            sa.Integer(),
            nullable=False,
            comment="CURRENTPRIORITY of the job: the highest first",
        ),
        sa.Column(
            "admitted",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether the job has one of the places of its group",
        ),
        sa.PrimaryKeyConstraint("pandaid", name="job_group_member_pkey"),
        schema=OWN,
        comment="Jobs of groups that could run now: those admitted, and those that wait for a place.",
    )
    op.create_index(
        "job_group_member_order_idx",
        "job_group_member",
        ["group_key", "admitted", sa.text("priority DESC"), "pandaid"],
        schema=OWN,
    )
    op.create_table(
        "outbox",
        sa.Column(
            "event_id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Number of the event, the key",
        ),
        sa.Column(
            "created_at",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time of the event",
        ),
        sa.Column(
            "kind", sa.String(30), nullable=False, comment="Kind of event, such as job ended"
        ),
        sa.Column("pandaid", sa.BigInteger(), comment="Job, the jobs tables"),
        sa.Column("jeditaskid", sa.BigInteger(), comment="Task, JEDI_TASKS"),
        sa.Column("payload", JSONB(), nullable=False, comment="The event itself"),
        sa.Column(
            "attempts",
            sa.SmallInteger(),
            nullable=False,
            server_default=sa.text("0"),
            comment="How often sending it has failed",
        ),
        sa.Column("retry_after", TIMESTAMP(), comment="Time before which it is not sent again"),
        sa.Column("sent_at", TIMESTAMP(), comment="Time at which it was sent"),
        sa.PrimaryKeyConstraint("event_id", name="outbox_pkey"),
        schema=OWN,
        comment="Events that are to leave the database: mails, messages; deleted some time after they left.",
    )
    op.create_index("outbox_pandaid_idx", "outbox", ["pandaid"], schema=OWN)
    op.create_index(
        "outbox_waiting_idx",
        "outbox",
        ["event_id"],
        schema=OWN,
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "worker",
        sa.Column(
            "worker_id",
            sa.String(128),
            nullable=False,
            comment="Host, process and a random part, the key",
        ),
        sa.Column("host", sa.String(255), nullable=False, comment="Machine of the process"),
        sa.Column(
            "pid", sa.Integer(), nullable=False, comment="Number of the process on its machine"
        ),
        sa.Column("version", sa.String(40), nullable=False, comment="Version of pandadb"),
        sa.Column(
            "queues", ARRAY(sa.String(128)), nullable=False, comment="Queues whose jobs it takes"
        ),
        sa.Column("slots", sa.Integer(), nullable=False, comment="How many jobs it runs at once"),
        sa.Column(
            "started_at",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time at which it began",
        ),
        sa.Column(
            "last_seen",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time of its last sign of life",
        ),
        sa.Column(
            "draining",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether it takes no more jobs",
        ),
        sa.Column(
            "stopped_at",
            TIMESTAMP(),
            comment="Time at which it has ended; NULL while it runs, or if it was killed",
        ),
        sa.PrimaryKeyConstraint("worker_id", name="worker_pkey"),
        schema=OWN,
        comment="Processes that take jobs of queues.",
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table, schema=OWN)
    op.execute(sa.schema.DropSequence(sa.Sequence("job_lease_token", schema=OWN)))
