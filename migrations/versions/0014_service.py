"""Configuration, caches, logs and queues of the server itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PANDA = "doma_panda"
EPOCH = sa.text("'1970-01-01 00:00:00'")


def upgrade() -> None:
    op.create_table(
        "async_requests",
        sa.Column(
            "request_id", sa.String(64), nullable=False, comment="UUID of the request, the key"
        ),
        sa.Column(
            "request_type",
            sa.String(64),
            nullable=False,
            comment="Kind of request, which names its handler, such as grep",
        ),
        sa.Column("service_name", sa.String(64), comment="Service whose machines should handle it"),
        sa.Column(
            "machine_name",
            sa.String(128),
            comment="Host that should handle it, empty for any of the service",
        ),
        sa.Column("parameters", sa.Text(), comment="Parameters of the handler as JSON text"),
        sa.Column(
            "expected_machines",
            sa.Text(),
            comment="Hosts expected to answer, as a JSON list in text",
        ),
        sa.Column("created_at", TIMESTAMP(), comment="Time the request was made"),
        sa.PrimaryKeyConstraint("request_id", name="async_requests_pk"),
        schema=PANDA,
        comment="Requests to be handled by the server's machines in the background; old ones are pruned.",
    )
    op.create_index(
        "async_req_target_idx", "async_requests", ["service_name", "machine_name"], schema=PANDA
    )
    op.create_table(
        "cache",
        sa.Column(
            "main_key",
            sa.String(56),
            nullable=False,
            comment="First part of the key, the kind of data",
        ),
        sa.Column(
            "sub_key", sa.String(56), nullable=False, comment="Second part of the key, the item"
        ),
        sa.Column("data", sa.Text(), comment="Cached data as text, usually JSON"),
        sa.Column("last_update", TIMESTAMP(), comment="Time the entry was last written"),
        sa.PrimaryKeyConstraint("main_key", "sub_key", name="cache_pkey"),
        schema=PANDA,
        comment="Data the server's components keep and share under a two-part key.",
    )
    op.create_table(
        "config",
        sa.Column(
            "app",
            sa.String(64),
            nullable=False,
            comment="Application that reads the setting, such as pandaserver or jedi",
        ),
        sa.Column(
            "component",
            sa.String(64),
            nullable=False,
            comment="Part of the application, such as jobdispatch or retry_task",
        ),
        sa.Column("key", sa.String(64), nullable=False, comment="Name of the setting"),
        sa.Column("value", sa.String(256), comment="Value as text, converted according to type"),
        sa.Column(
            "type",
            sa.String(64),
            nullable=False,
            comment="Type of the value, such as int, float, str, bool or json",
        ),
        sa.Column(
            "vo", sa.String(32), nullable=False, comment="Virtual organisation the setting is for"
        ),
        sa.Column("descr", sa.String(256), nullable=False, comment="What the setting does"),
        sa.Column("value_json", sa.Text(), comment="Value of settings of type json"),
        sa.PrimaryKeyConstraint("app", "component", "key", "vo", name="config_pkey"),
        schema=PANDA,
        comment="Settings of the PanDA server and JEDI that can be changed while they run.",
    )
    op.create_table(
        "machine_heartbeat",
        sa.Column("machine_name", sa.String(128), nullable=False, comment="Host, the key"),
        sa.Column(
            "service_name", sa.String(64), nullable=False, comment="Service the host belongs to"
        ),
        sa.Column("last_seen", TIMESTAMP(), comment="Time of the last sign of life"),
        sa.PrimaryKeyConstraint("machine_name", name="machine_heartbeat_pk"),
        schema=PANDA,
        comment="Signs of life of the machines that handle ASYNC_REQUESTS.",
    )
    op.create_table(
        "pandadb_version",
        sa.Column(
            "component",
            sa.String(100),
            nullable=False,
            comment="What the version is of, such as PanDA; the key",
        ),
        sa.Column("major", sa.Integer(), nullable=False, comment="Major number of the version"),
        sa.Column("minor", sa.Integer(), nullable=False, comment="Minor number of the version"),
        sa.Column("patch", sa.Integer(), nullable=False, comment="Patch number of the version"),
        sa.PrimaryKeyConstraint("component", name="pandadb_version_pkey"),
        schema=PANDA,
        comment="Version of the database schema, checked by the server when it starts.",
    )
    op.create_table(
        "pandalog",
        sa.Column(
            "bintime",
            TIMESTAMP(),
            nullable=False,
            server_default=EPOCH,
            comment="Time of the message, also the partition key",
        ),
        sa.Column("name", sa.String(30), comment="Name of the logger"),
        sa.Column("module", sa.String(30), comment="Module that logged"),
        sa.Column("loguser", sa.String(80), comment="User the message is about or who caused it"),
        sa.Column("type", sa.String(20), comment="Kind of message, set by the module"),
        sa.Column(
            "pid",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Process that wrote the entry",
        ),
        sa.Column(
            "loglevel",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Level as a number, as in Python's logging: 10 debug to 50 critical",
        ),
        sa.Column("levelname", sa.String(30), comment="Level as a word, such as INFO or ERROR"),
        sa.Column("time", sa.String(30), comment="Time of the message as the logger wrote it"),
        sa.Column("filename", sa.String(100), comment="Source file that logged"),
        sa.Column(
            "line",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Line of the source file that logged",
        ),
        sa.Column("message", sa.String(4000), comment="Text of the message"),
        schema=PANDA,
        comment="Log messages of the server's components, for the monitor; kept for days.",
        postgresql_partition_by="RANGE (bintime)",
    )
    op.create_index("pandalog_bintime_indx", "pandalog", ["bintime", "type"], schema=PANDA)
    op.create_index(
        "pandalog_multicolumn_indx",
        "pandalog",
        ["bintime", "name", "type", "levelname"],
        schema=PANDA,
    )
    op.create_index(
        "pandalog_nametypebintime_indx",
        "pandalog",
        ["type", "name", sa.text("bintime DESC")],
        schema=PANDA,
    )
    op.create_partition("doma_panda.pandalog")
    op.create_table(
        "pandalog_fax",
        sa.Column(
            "bintime",
            TIMESTAMP(),
            nullable=False,
            comment="Time of the message, also the partition key",
        ),
        sa.Column("name", sa.String(30), comment="Name of the logger"),
        sa.Column("module", sa.String(30), comment="Module that logged"),
        sa.Column("loguser", sa.String(80), comment="User the message is about or who caused it"),
        sa.Column("type", sa.String(20), comment="Kind of message, set by the module"),
        sa.Column("pid", sa.BigInteger(), comment="Process that wrote the entry"),
        sa.Column(
            "loglevel",
            sa.Integer(),
            comment="Level as a number, as in Python's logging: 10 debug to 50 critical",
        ),
        sa.Column("levelname", sa.String(30), comment="Level as a word, such as INFO or ERROR"),
        sa.Column("time", sa.String(30), comment="Time of the message as the logger wrote it"),
        sa.Column("filename", sa.String(100), comment="Source file that logged"),
        sa.Column("line", sa.Integer(), comment="Line of the source file that logged"),
        sa.Column("message", sa.String(4000), comment="Text of the message"),
        schema=PANDA,
        comment="Log messages on FAX, the federated XRootD storage, shaped like PANDALOG; no longer in use.",
        postgresql_partition_by="RANGE (bintime)",
    )
    op.create_partition("doma_panda.pandalog_fax")
    op.create_table(
        "pilottoken",
        sa.Column("token", sa.String(64), nullable=False, comment="The token, the key"),
        sa.Column(
            "schedulerhost", sa.String(100), comment="Host of the scheduler the token was given to"
        ),
        sa.Column(
            "scheduleruser", sa.String(150), comment="User of the scheduler the token was given to"
        ),
        sa.Column("usages", sa.Integer(), nullable=False, comment="Number of uses of the token"),
        sa.Column("created", TIMESTAMP(), nullable=False, comment="Time the token was made"),
        sa.Column("expires", TIMESTAMP(), nullable=False, comment="Time the token expires"),
        sa.Column("schedulerid", sa.String(80), comment="Identifier of the scheduler"),
        sa.PrimaryKeyConstraint("token", name="pilottoken_token_pk"),
        schema=PANDA,
        comment="Tokens that let pilot schedulers ask for jobs; no longer in use.",
    )
    op.create_table(
        "secrets",
        sa.Column(
            "owner", sa.String(60), nullable=False, comment="User the secrets belong to, the key"
        ),
        sa.Column(
            "updated_at", TIMESTAMP(), nullable=False, comment="Time the secrets were last changed"
        ),
        sa.Column("data", sa.Text(), comment="Secrets of the owner as text, confidential"),
        sa.PrimaryKeyConstraint("owner", name="secrets_pkey"),
        schema=PANDA,
        comment="Secrets that users entrust to the server for their jobs.",
    )
    op.create_table(
        "sql_queue",
        sa.Column("topic", sa.String(50), nullable=False, comment="Kind of deferred work"),
        sa.Column(
            "pandaid",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Job that caused the updates, the jobs tables",
        ),
        sa.Column(
            "execution_order",
            sa.Integer(),
            nullable=False,
            autoincrement=False,
            comment="Position within the job's updates, executed ascending",
        ),
        sa.Column("jeditaskid", sa.BigInteger(), comment="Task, JEDI_TASKS"),
        sa.Column("creationtime", TIMESTAMP(), comment="Time the entry was queued"),
        sa.Column("data", sa.String(4000), comment="Statement and its variables as JSON text"),
        sa.PrimaryKeyConstraint("topic", "pandaid", "execution_order", name="sql_queue_pkey"),
        schema=PANDA,
        comment="Counter updates of datasets, deferred to run after the commit of a job's result.",
    )
    op.create_index(
        "sql_queue_topic_creationtime_idx", "sql_queue", ["topic", "creationtime"], schema=PANDA
    )
    op.create_index("sql_queue_topic_task_idx", "sql_queue", ["topic", "jeditaskid"], schema=PANDA)
    op.create_table(
        "async_results",
        sa.Column("request_id", sa.String(64), nullable=False, comment="Request, ASYNC_REQUESTS"),
        sa.Column("machine_name", sa.String(128), nullable=False, comment="Host that answers"),
        sa.Column(
            "status",
            sa.String(16),
            server_default="running",
            comment="State of the handling on the host: pending (to be retried), running, done or failed",
        ),
        sa.Column("result", sa.Text(), comment="Output of the handler"),
        sa.Column("stderr", sa.Text(), comment="Error output of the handler"),
        sa.Column("return_code", sa.SmallInteger(), comment="Return code of the handler"),
        sa.Column(
            "truncated",
            sa.SmallInteger(),
            server_default="0",
            comment="1 if the output was cut, 0 if complete",
        ),
        sa.Column(
            "error_msg", sa.String(2048), comment="Why the handling failed, NULL if it did not"
        ),
        sa.Column(
            "attempts",
            sa.SmallInteger(),
            server_default="0",
            comment="Number of times the host has tried",
        ),
        sa.Column("started_at", TIMESTAMP(), comment="Time the handling started"),
        sa.Column(
            "finished_at", TIMESTAMP(), comment="Time the handling ended, NULL while it runs"
        ),
        sa.PrimaryKeyConstraint("request_id", "machine_name", name="async_results_pk"),
        sa.ForeignKeyConstraint(
            ["request_id"], ["doma_panda.async_requests.request_id"], name="async_results_req_fk"
        ),
        schema=PANDA,
        comment="Answers of the machines to ASYNC_REQUESTS.",
    )
    op.create_index("async_results_req_idx", "async_results", ["request_id"], schema=PANDA)
    op.withhold("doma_panda.secrets", "doma_panda.pilottoken")
    op.withhold("doma_panda.pandadb_version", rights="INSERT, UPDATE, DELETE")


def downgrade() -> None:
    op.drop_table("async_results", schema=PANDA)
    op.drop_table("sql_queue", schema=PANDA)
    op.drop_table("secrets", schema=PANDA)
    op.drop_table("pilottoken", schema=PANDA)
    op.drop_table("pandalog_fax", schema=PANDA)
    op.drop_table("pandalog", schema=PANDA)
    op.drop_table("pandadb_version", schema=PANDA)
    op.drop_table("machine_heartbeat", schema=PANDA)
    op.drop_table("config", schema=PANDA)
    op.drop_table("cache", schema=PANDA)
    op.drop_table("async_requests", schema=PANDA)
