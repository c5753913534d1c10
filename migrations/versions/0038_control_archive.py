"""The job queue's rows of archived jobs; events that are given up (revision 0038)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

OWN = "pandadb"
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")
EVENTS = "Events that are to leave the database: mails, messages; {}."


def upgrade() -> None:
    op.create_table(
        "job_control_arch",
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
        sa.Column(
            "archived_at",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time at which the row followed its job to the archive",
        ),
        sa.PrimaryKeyConstraint("pandaid", name="job_control_arch_pkey"),
        schema=OWN,
        comment="Archive of JOB_CONTROL: jobs of queues that have left the live tables, by any way.",
    )
    op.create_index(
        "job_control_arch_public_id_key",
        "job_control_arch",
        ["public_id"],
        schema=OWN,
        unique=True,
    )
    op.create_table(
        "job_dependency_arch",
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
        sa.PrimaryKeyConstraint("parent", "child", name="job_dependency_arch_pkey"),
        schema=OWN,
        comment="Archive of JOB_DEPENDENCY: dependencies between jobs that are not live.",
    )
    op.create_index("job_dependency_arch_child_idx", "job_dependency_arch", ["child"], schema=OWN)
    _add_end_of_events()
    op.create_table(
        "outbox_arch",
        sa.Column(
            "event_id",
            sa.BigInteger(),
            autoincrement=False,
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
        sa.Column("last_error", sa.Text(), comment="Error of the last attempt to send it"),
        sa.Column(
            "given_up_at",
            TIMESTAMP(),
            comment="Time at which the last attempt failed, so that it is not sent",
        ),
        sa.PrimaryKeyConstraint("event_id", name="outbox_arch_pkey"),
        schema=OWN,
        comment="Archive of OUTBOX: events of archived jobs that were sent or given up.",
    )
    op.create_index("outbox_arch_pandaid_idx", "outbox_arch", ["pandaid"], schema=OWN)


def _add_end_of_events() -> None:
    op.add_column(
        "outbox",
        sa.Column("last_error", sa.Text(), comment="Error of the last attempt to send it"),
        schema=OWN,
    )
    op.add_column(
        "outbox",
        sa.Column(
            "given_up_at",
            TIMESTAMP(),
            comment="Time at which the last attempt failed, so that it is not sent",
        ),
        schema=OWN,
    )
    op.create_table_comment("outbox", EVENTS.format("archived with their jobs"), schema=OWN)
    # restored events come with their numbers
    op.execute(f"ALTER TABLE {OWN}.outbox ALTER COLUMN event_id SET GENERATED BY DEFAULT")


def downgrade() -> None:
    for table in ("outbox_arch", "job_dependency_arch", "job_control_arch"):
        op.drop_table(table, schema=OWN)
    op.execute(f"ALTER TABLE {OWN}.outbox ALTER COLUMN event_id SET GENERATED ALWAYS")
    op.drop_column("outbox", "given_up_at", schema=OWN)
    op.drop_column("outbox", "last_error", schema=OWN)
    op.create_table_comment(
        "outbox", EVENTS.format("deleted some time after they left"), schema=OWN
    )
