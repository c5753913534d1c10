"""The gateway: messages, dead letters, runs, cancels, instruments, variables, processes (0039)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

OWN = "pandadb"
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")
TABLES = (
    "gateway_message",
    "gateway_dead_letter",
    "gateway_delivery",
    "gateway_run",
    "gateway_cancel",
    "gateway_instrument",
    "gateway_variable",
    "gateway_process",
)


def upgrade() -> None:
    op.create_table(
        "gateway_message",
        sa.Column(
            "source",
            sa.String(100),
            nullable=False,
            comment="Broker, as the gateway's settings call it",
        ),
        sa.Column(
            "message_id",
            sa.String(300),
            nullable=False,
            comment="The broker's id; without one that of the content",
        ),
        sa.Column(
            "content_key",
            sa.String(64),
            nullable=False,
            comment="SHA-256 of the destination and the body",
        ),
        sa.Column("destination", sa.String(300), nullable=False, comment="Queue of the broker"),
        sa.Column(
            "received_at",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time at which it was received",
        ),
        sa.Column(
            "kind",
            sa.String(10),
            comment="What it has become: job, cancel, skipped, error or noted",
        ),
        sa.Column("pandaid", sa.BigInteger(), comment="Job that it has become, if any"),
        sa.Column("reason", sa.Text(), comment="Why it has not become a job"),
        sa.Column("warnings", JSONB(), comment="Sentences, such as of unknown keys"),
        sa.PrimaryKeyConstraint("source", "message_id", name="gateway_message_pkey"),
        schema=OWN,
        comment="Messages that gateways have received, so that one that comes again is known.",
    )
    op.create_index(
        "gateway_message_content_idx", "gateway_message", ["source", "content_key"], schema=OWN
    )
    op.create_index("gateway_message_received_idx", "gateway_message", ["received_at"], schema=OWN)
    op.create_table(
        "gateway_dead_letter",
        sa.Column(
            "dead_letter_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Number of the dead letter, the key",
        ),
        sa.Column(
            "source",
            sa.String(100),
            nullable=False,
            comment="Broker, as the gateway's settings call it",
        ),
        sa.Column("message_id", sa.String(300), nullable=False, comment="The broker's id"),
        sa.Column("destination", sa.String(300), nullable=False, comment="Queue of the broker"),
        sa.Column("headers", JSONB(), nullable=False, comment="Headers of the message"),
        sa.Column(
            "body", sa.LargeBinary(), nullable=False, comment="Body of the message, byte by byte"
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it could not be worked on"),
        sa.Column(
            "deliveries",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("1"),
            comment="How often the broker had delivered it",
        ),
        sa.Column(
            "first_at",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time of its first delivery that is known",
        ),
        sa.Column(
            "last_at",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time at which it became a dead letter",
        ),
        sa.Column(
            "replayed_at",
            TIMESTAMP(),
            comment="Time at which it was received once more; NULL if it was not",
        ),
        sa.PrimaryKeyConstraint("dead_letter_id", name="gateway_dead_letter_pkey"),
        schema=OWN,
        comment="Messages that gateways could not work on, whole, with the reason.",
    )
    op.create_index(
        "gateway_dead_letter_message_idx",
        "gateway_dead_letter",
        ["source", "message_id"],
        schema=OWN,
    )
    op.create_table(
        "gateway_delivery",
        sa.Column(
            "source",
            sa.String(100),
            nullable=False,
            comment="Broker, as the gateway's settings call it",
        ),
        sa.Column(
            "message_id",
            sa.String(300),
            nullable=False,
            comment="The broker's id; without one that of the content",
        ),
        sa.Column(
            "deliveries",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("1"),
            comment="How often the broker has delivered it",
        ),
        sa.Column(
            "first_at",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time of the first delivery",
        ),
        sa.Column(
            "last_at",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time of the last delivery",
        ),
        sa.Column("last_error", sa.Text(), comment="Error of the last delivery"),
        sa.PrimaryKeyConstraint("source", "message_id", name="gateway_delivery_pkey"),
        schema=OWN,
        comment="Deliveries that have failed, of messages that the broker delivers again.",
    )
    op.create_table(
        "gateway_run",
        sa.Column(
            "run_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Number of the record, the key",
        ),
        sa.Column("facility", sa.String(100), nullable=False, comment="Facility, in capitals"),
        sa.Column("instrument", sa.String(80), nullable=False, comment="Instrument, in capitals"),
        sa.Column(
            "rb_number",
            sa.BigInteger(),
            nullable=False,
            comment="RB number, of the experiment: one run of it is reduced at a time; 0 for a text",
        ),
        sa.Column(
            "run_number",
            sa.BigInteger(),
            nullable=False,
            comment="Number of the run at its instrument",
        ),
        sa.Column(
            "run_version",
            sa.Integer(),
            nullable=False,
            comment="0 for the first reduction of the run",
        ),
        sa.Column(
            "status",
            sa.String(10),
            nullable=False,
            comment="Queued, Processing, Completed, Error or Skipped",
        ),
        sa.Column("pandaid", sa.BigInteger(), comment="Job that reduces it, the jobs tables"),
        sa.Column(
            "source",
            sa.String(100),
            nullable=False,
            comment="Broker of its message, as the gateway's settings call it",
        ),
        sa.Column(
            "body",
            JSONB(),
            nullable=False,
            comment="Keys of its events: those of the message, completed",
        ),
        sa.Column(
            "destinations",
            JSONB(),
            nullable=False,
            comment="Queues of its events, by names of settings",
        ),
        sa.Column("data", JSONB(), nullable=False, comment="Paths of the raw data"),
        sa.Column("reduced", JSONB(), nullable=False, comment="Folders with the result"),
        sa.Column("script", sa.Text(), comment="Text of the script"),
        sa.Column(
            "variables",
            JSONB(),
            nullable=False,
            comment="Variables of the script: type and value by name, in two groups",
        ),
        sa.Column(
            "overwrite", sa.Boolean(), comment="Whether the folder of version 0 is written anew"
        ),
        sa.Column(
            "description",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="Description by a user",
        ),
        sa.Column("started_by", sa.Integer(), comment="User by number; -1 is the service"),
        sa.Column("message", sa.Text(), comment="Error, or why it was skipped"),
        sa.Column(
            "reduction_log",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="End of the script's output",
        ),
        sa.Column(
            "admin_log",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="End of the service's own log",
        ),
        sa.Column("software", sa.String(100), comment="Software with its version"),
        sa.Column("host", sa.String(255), comment="Machine of the reduction"),
        sa.Column(
            "created_at",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time of the record",
        ),
        sa.Column("started_at", TIMESTAMP(), comment="Time at which it has begun"),
        sa.Column("finished_at", TIMESTAMP(), comment="Time at which it has ended"),
        sa.Column(
            "retry_when",
            TIMESTAMP(),
            comment="Time at which the next version begins; NULL if there is none",
        ),
        sa.Column("retry_run", sa.BigInteger(), comment="The next version, this table"),
        sa.Column(
            "cancelled",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether a user has cancelled it",
        ),
        sa.PrimaryKeyConstraint("run_id", name="gateway_run_pkey"),
        sa.CheckConstraint(
            "status IN ('Queued', 'Processing', 'Completed', 'Error', 'Skipped')",
            name="gateway_run_status_check",
        ),
        schema=OWN,
        comment="Runs of instruments: each version is a reduction of its own.",
    )
    op.create_index(
        "gateway_run_key_idx",
        "gateway_run",
        ["run_number", "instrument", "rb_number", "run_version"],
        schema=OWN,
    )
    op.create_index("gateway_run_pandaid_idx", "gateway_run", ["pandaid"], schema=OWN)
    op.create_table(
        "gateway_cancel",
        sa.Column(
            "cancel_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Number of the cancel, the key",
        ),
        sa.Column("run_number", sa.BigInteger(), nullable=False, comment="Number of the run"),
        sa.Column("run_version", sa.Integer(), nullable=False, comment="Version of the run"),
        sa.Column("instrument", sa.String(80), comment="Instrument; NULL if the cancel named none"),
        sa.Column("rb_number", sa.BigInteger(), comment="RB number; NULL if the cancel named none"),
        sa.Column("until", TIMESTAMP(), nullable=False, comment="Time until which it is heeded"),
        sa.PrimaryKeyConstraint("cancel_id", name="gateway_cancel_pkey"),
        schema=OWN,
        comment="Cancels of runs that are not known yet: they are kept for a while.",
    )
    op.create_index("gateway_cancel_run_idx", "gateway_cancel", ["run_number"], schema=OWN)
    op.create_table(
        "gateway_instrument",
        sa.Column("name", sa.String(80), nullable=False, comment="The instrument, in capitals"),
        sa.Column(
            "is_active",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("true"),
            comment="Whether it has runs; set by the next one",
        ),
        sa.Column(
            "is_paused",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether its runs are not reduced",
        ),
        sa.Column(
            "is_flat_output",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether all runs have one folder for their results",
        ),
        sa.PrimaryKeyConstraint("name", name="gateway_instrument_pkey"),
        schema=OWN,
        comment="Instruments that gateways have heard of.",
    )
    op.create_table(
        "gateway_variable",
        sa.Column(
            "variable_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Number of the variable, the key",
        ),
        sa.Column("instrument", sa.String(80), nullable=False, comment="Instrument, in capitals"),
        sa.Column("name", sa.String(100), nullable=False, comment="Name of the variable"),
        sa.Column("value", sa.Text(), nullable=False, comment="Value, as text"),
        sa.Column(
            "type",
            sa.String(20),
            nullable=False,
            comment="text, number, boolean, list_text or list_number",
        ),
        sa.Column(
            "is_advanced",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether it is one of advanced_vars",
        ),
        sa.Column(
            "help_text", sa.Text(), nullable=False, server_default="", comment="Help, as HTML"
        ),
        sa.Column(
            "experiment_reference",
            sa.BigInteger(),
            comment="RB number of the experiment that it is for",
        ),
        sa.Column("start_run", sa.BigInteger(), comment="First run that it is for"),
        sa.Column(
            "tracks_script",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("true"),
            comment="Whether its value follows the one in reduce_vars.py",
        ),
        sa.PrimaryKeyConstraint("variable_id", name="gateway_variable_pkey"),
        schema=OWN,
        comment="Variables of scripts for runs to come: of an experiment, or from a run on.",
    )
    op.create_index(
        "gateway_variable_name_idx", "gateway_variable", ["instrument", "name"], schema=OWN
    )
    op.create_table(
        "gateway_process",
        sa.Column(
            "gateway_id",
            sa.String(128),
            nullable=False,
            comment="Host, process and a random part, the key",
        ),
        sa.Column(
            "source",
            sa.String(100),
            nullable=False,
            comment="Broker, as the gateway's settings call it",
        ),
        sa.Column("host", sa.String(255), nullable=False, comment="Machine of the process"),
        sa.Column(
            "pid", sa.Integer(), nullable=False, comment="Number of the process on its machine"
        ),
        sa.Column("version", sa.String(40), nullable=False, comment="Version of pandadb"),
        sa.Column(
            "broker",
            sa.String(300),
            comment="Host and port of the broker; NULL while it is not connected",
        ),
        sa.Column(
            "received",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("0"),
            comment="Messages that it has acknowledged",
        ),
        sa.Column(
            "sent",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("0"),
            comment="Events that the broker has confirmed to it",
        ),
        sa.Column("last_error", sa.Text(), comment="Why the last connection was lost"),
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
            "stopped_at",
            TIMESTAMP(),
            comment="Time at which it has ended; NULL while it runs, or if it was killed",
        ),
        sa.PrimaryKeyConstraint("gateway_id", name="gateway_process_pkey"),
        schema=OWN,
        comment="Processes that take messages of brokers.",
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table, schema=OWN)
