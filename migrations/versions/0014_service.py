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
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("request_type", sa.String(64), nullable=False),
        sa.Column("service_name", sa.String(64)),
        sa.Column("machine_name", sa.String(128)),
        sa.Column("parameters", sa.Text()),
        sa.Column("expected_machines", sa.Text()),
        sa.Column("created_at", TIMESTAMP()),
        sa.PrimaryKeyConstraint("request_id", name="async_requests_pk"),
        schema=PANDA,
        comment="TODO doma_panda.async_requests.",
    )
    op.create_index(
        "async_req_target_idx", "async_requests", ["service_name", "machine_name"], schema=PANDA
    )
    op.create_table(
        "cache",
        sa.Column("main_key", sa.String(56), nullable=False),
        sa.Column("sub_key", sa.String(56), nullable=False),
        sa.Column("data", sa.Text()),
        sa.Column("last_update", TIMESTAMP()),
        sa.PrimaryKeyConstraint("main_key", "sub_key", name="cache_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.cache.",
    )
    op.create_table(
        "config",
        sa.Column("app", sa.String(64), nullable=False),
        sa.Column("component", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.String(256)),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("vo", sa.String(32), nullable=False),
        sa.Column("descr", sa.String(256), nullable=False),
        sa.Column("value_json", sa.Text()),
        sa.PrimaryKeyConstraint("app", "component", "key", "vo", name="config_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.config.",
    )
    op.create_table(
        "machine_heartbeat",
        sa.Column("machine_name", sa.String(128), nullable=False),
        sa.Column("service_name", sa.String(64), nullable=False),
        sa.Column("last_seen", TIMESTAMP()),
        sa.PrimaryKeyConstraint("machine_name", name="machine_heartbeat_pk"),
        schema=PANDA,
        comment="TODO doma_panda.machine_heartbeat.",
    )
    op.create_table(
        "pandadb_version",
        sa.Column("component", sa.String(100), nullable=False),
        sa.Column("major", sa.Integer(), nullable=False),
        sa.Column("minor", sa.Integer(), nullable=False),
        sa.Column("patch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("component", name="pandadb_version_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.pandadb_version.",
    )
    op.create_table(
        "pandalog",
        sa.Column("bintime", TIMESTAMP(), nullable=False, server_default=EPOCH),
        sa.Column("name", sa.String(30)),
        sa.Column("module", sa.String(30)),
        sa.Column("loguser", sa.String(80)),
        sa.Column("type", sa.String(20)),
        sa.Column("pid", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("loglevel", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("levelname", sa.String(30)),
        sa.Column("time", sa.String(30)),
        sa.Column("filename", sa.String(100)),
        sa.Column("line", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("message", sa.String(4000)),
        schema=PANDA,
        comment="TODO doma_panda.pandalog.",
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
        sa.Column("bintime", TIMESTAMP(), nullable=False),
        sa.Column("name", sa.String(30)),
        sa.Column("module", sa.String(30)),
        sa.Column("loguser", sa.String(80)),
        sa.Column("type", sa.String(20)),
        sa.Column("pid", sa.BigInteger()),
        sa.Column("loglevel", sa.Integer()),
        sa.Column("levelname", sa.String(30)),
        sa.Column("time", sa.String(30)),
        sa.Column("filename", sa.String(100)),
        sa.Column("line", sa.Integer()),
        sa.Column("message", sa.String(4000)),
        schema=PANDA,
        comment="TODO doma_panda.pandalog_fax.",
        postgresql_partition_by="RANGE (bintime)",
    )
    op.create_partition("doma_panda.pandalog_fax")
    op.create_table(
        "pilottoken",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("schedulerhost", sa.String(100)),
        sa.Column("scheduleruser", sa.String(150)),
        sa.Column("usages", sa.Integer(), nullable=False),
        sa.Column("created", TIMESTAMP(), nullable=False),
        sa.Column("expires", TIMESTAMP(), nullable=False),
        sa.Column("schedulerid", sa.String(80)),
        sa.PrimaryKeyConstraint("token", name="pilottoken_token_pk"),
        schema=PANDA,
        comment="TODO doma_panda.pilottoken.",
    )
    op.create_table(
        "secrets",
        sa.Column("owner", sa.String(60), nullable=False),
        sa.Column("updated_at", TIMESTAMP(), nullable=False),
        sa.Column("data", sa.Text()),
        sa.PrimaryKeyConstraint("owner", name="secrets_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.secrets.",
    )
    op.create_table(
        "sql_queue",
        sa.Column("topic", sa.String(50), nullable=False),
        sa.Column("pandaid", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("execution_order", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("jeditaskid", sa.BigInteger()),
        sa.Column("creationtime", TIMESTAMP()),
        sa.Column("data", sa.String(4000)),
        sa.PrimaryKeyConstraint("topic", "pandaid", "execution_order", name="sql_queue_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.sql_queue.",
    )
    op.create_index(
        "sql_queue_topic_creationtime_idx", "sql_queue", ["topic", "creationtime"], schema=PANDA
    )
    op.create_index("sql_queue_topic_task_idx", "sql_queue", ["topic", "jeditaskid"], schema=PANDA)
    op.create_table(
        "async_results",
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("machine_name", sa.String(128), nullable=False),
        sa.Column("status", sa.String(16), server_default="running"),
        sa.Column("result", sa.Text()),
        sa.Column("stderr", sa.Text()),
        sa.Column("return_code", sa.SmallInteger()),
        sa.Column("truncated", sa.SmallInteger(), server_default="0"),
        sa.Column("error_msg", sa.String(2048)),
        sa.Column("attempts", sa.SmallInteger(), server_default="0"),
        sa.Column("started_at", TIMESTAMP()),
        sa.Column("finished_at", TIMESTAMP()),
        sa.PrimaryKeyConstraint("request_id", "machine_name", name="async_results_pk"),
        sa.ForeignKeyConstraint(
            ["request_id"], ["doma_panda.async_requests.request_id"], name="async_results_req_fk"
        ),
        schema=PANDA,
        comment="TODO doma_panda.async_results.",
    )
    op.create_index("async_results_req_idx", "async_results", ["request_id"], schema=PANDA)


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
