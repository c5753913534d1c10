"""Worker nodes: hardware, queues, measurements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

PANDA = "doma_panda"
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")


def upgrade() -> None:
    op.create_table(
        "cpu_benchmarks",
        sa.Column("cpu_type", sa.String(128)),
        sa.Column("smt_enabled", sa.SmallInteger()),
        sa.Column("sockets", sa.SmallInteger()),
        sa.Column("cores_per_socket", sa.Integer()),
        sa.Column("ncores", sa.Integer()),
        sa.Column("site", sa.String(128)),
        sa.Column("score_per_core", sa.Numeric(10, 2)),
        sa.Column("timestamp", TIMESTAMP()),
        sa.Column("source", sa.String(256)),
        sa.Column("cpu_type_normalized", sa.String(128)),
        schema=PANDA,
        comment="TODO doma_panda.cpu_benchmarks.",
    )
    op.create_index(
        "idx_worker_node_cpu_type_norm", "cpu_benchmarks", ["cpu_type_normalized"], schema=PANDA
    )
    op.create_table(
        "worker_node",
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("host_name", sa.String(128), nullable=False),
        sa.Column("cpu_model", sa.String(128), nullable=False),
        sa.Column("n_logical_cpus", sa.Integer()),
        sa.Column("n_sockets", sa.Integer()),
        sa.Column("cores_per_socket", sa.Integer()),
        sa.Column("threads_per_core", sa.Integer()),
        sa.Column("cpu_architecture", sa.String(20)),
        sa.Column("cpu_architecture_level", sa.String(20)),
        sa.Column("clock_speed", sa.Numeric(9, 2)),
        sa.Column("total_memory", sa.BigInteger()),
        sa.Column("last_seen", TIMESTAMP()),
        sa.Column("total_local_disk", sa.BigInteger()),
        sa.Column("cpu_model_normalized", sa.String(128)),
        sa.PrimaryKeyConstraint("site", "host_name", "cpu_model", name="worker_node_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.worker_node.",
    )
    op.create_index(
        "idx_worker_node_cpu_model_norm", "worker_node", ["cpu_model_normalized"], schema=PANDA
    )
    op.create_index("idx_worker_node_last_seen", "worker_node", ["last_seen"], schema=PANDA)
    op.create_table(
        "worker_node_gpus",
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("host_name", sa.String(128), nullable=False),
        sa.Column("vendor", sa.String(128), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("count", sa.Integer()),
        sa.Column("vram", sa.BigInteger()),
        sa.Column("architecture", sa.String(128)),
        sa.Column("framework", sa.String(128)),
        sa.Column("framework_version", sa.String(20)),
        sa.Column("driver_version", sa.String(20)),
        sa.Column("last_seen", TIMESTAMP()),
        sa.PrimaryKeyConstraint(
            "site", "host_name", "vendor", "model", name="worker_node_gpus_pkey"
        ),
        schema=PANDA,
        comment="TODO doma_panda.worker_node_gpus.",
    )
    op.create_index(
        "idx_worker_node_gpu_last_seen", "worker_node_gpus", ["last_seen"], schema=PANDA
    )
    op.create_table(
        "worker_node_metrics",
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("host_name", sa.String(128), nullable=False),
        sa.Column("timestamp", TIMESTAMP(), nullable=False, server_default=UTC_NOW),
        sa.Column("key", sa.String(20), nullable=False),
        sa.Column("statistics", JSONB()),
        sa.PrimaryKeyConstraint(
            "site", "host_name", "timestamp", "key", name="worker_node_metrics_pkey"
        ),
        schema=PANDA,
        comment="TODO doma_panda.worker_node_metrics.",
        postgresql_partition_by="RANGE (timestamp)",
    )
    op.create_index(
        "wn_metrics_idx", "worker_node_metrics", ["site", "host_name", "timestamp"], schema=PANDA
    )
    op.create_index("wn_metrics_timestamp_idx", "worker_node_metrics", ["timestamp"], schema=PANDA)
    op.create_partition("doma_panda.worker_node_metrics")
    op.create_table(
        "worker_node_queue",
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("host_name", sa.String(128), nullable=False),
        sa.Column("panda_queue", sa.String(128), nullable=False),
        sa.Column("last_seen", TIMESTAMP()),
        sa.PrimaryKeyConstraint("site", "host_name", "panda_queue", name="pk_worker_node_queue"),
        schema=PANDA,
        comment="TODO doma_panda.worker_node_queue.",
    )


def downgrade() -> None:
    op.drop_table("worker_node_queue", schema=PANDA)
    op.drop_table("worker_node_metrics", schema=PANDA)
    op.drop_table("worker_node_gpus", schema=PANDA)
    op.drop_table("worker_node", schema=PANDA)
    op.drop_table("cpu_benchmarks", schema=PANDA)
