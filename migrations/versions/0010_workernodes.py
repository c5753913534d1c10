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
        sa.Column("cpu_type", sa.String(128), comment="CPU model as the source spells it"),
        sa.Column("smt_enabled", sa.SmallInteger(), comment="1 if measured with SMT on, 0 if off"),
        sa.Column("sockets", sa.SmallInteger(), comment="Number of sockets of the measured host"),
        sa.Column("cores_per_socket", sa.Integer(), comment="Physical cores of each socket"),
        sa.Column(
            "ncores",
            sa.Integer(),
            comment="Number of cores the benchmark ran on, logical ones with SMT",
        ),
        sa.Column("site", sa.String(128), comment="Site that made the measurement"),
        sa.Column("score_per_core", sa.Numeric(10, 2), comment="Benchmark score per core"),
        sa.Column("timestamp", TIMESTAMP(), comment="Time of the entry"),
        sa.Column("source", sa.String(256), comment="Address the score was taken from"),
        sa.Column(
            "cpu_type_normalized",
            sa.String(128),
            comment="CPU model in uniform spelling, matches WORKER_NODE.cpu_model_normalized",
        ),
        schema=PANDA,
        comment="Published benchmark scores of CPU models, to rate worker nodes.",
    )
    op.create_index(
        "idx_worker_node_cpu_type_norm", "cpu_benchmarks", ["cpu_type_normalized"], schema=PANDA
    )
    op.create_table(
        "worker_node",
        sa.Column("site", sa.String(128), nullable=False, comment="Site of the host, SITE"),
        sa.Column(
            "host_name",
            sa.String(128),
            nullable=False,
            comment="Name of the host without the slot prefix",
        ),
        sa.Column(
            "cpu_model", sa.String(128), nullable=False, comment="CPU model as the host reports it"
        ),
        sa.Column("n_logical_cpus", sa.Integer(), comment="Number of logical CPUs of the host"),
        sa.Column("n_sockets", sa.Integer(), comment="Number of CPU sockets"),
        sa.Column("cores_per_socket", sa.Integer(), comment="Physical cores of each socket"),
        sa.Column(
            "threads_per_core", sa.Integer(), comment="Hardware threads of each core, 2 with SMT"
        ),
        sa.Column(
            "cpu_architecture", sa.String(20), comment="Instruction set, such as x86_64 or aarch64"
        ),
        sa.Column(
            "cpu_architecture_level",
            sa.String(20),
            comment="Level of the instruction set, such as x86-64-v3",
        ),
        sa.Column("clock_speed", sa.Numeric(9, 2), comment="Clock speed in MHz"),
        sa.Column("total_memory", sa.BigInteger(), comment="Memory of the host in MB"),
        sa.Column("last_seen", TIMESTAMP(), comment="Time a pilot last reported the host"),
        sa.Column("total_local_disk", sa.BigInteger(), comment="Local disk of the host in GB"),
        sa.Column(
            "cpu_model_normalized",
            sa.String(128),
            comment="CPU model in uniform spelling, matches CPU_BENCHMARKS.cpu_type_normalized",
        ),
        sa.PrimaryKeyConstraint("site", "host_name", "cpu_model", name="worker_node_pkey"),
        schema=PANDA,
        comment="Worker nodes and their hardware, as pilots report them.",
    )
    op.create_index(
        "idx_worker_node_cpu_model_norm", "worker_node", ["cpu_model_normalized"], schema=PANDA
    )
    op.create_index("idx_worker_node_last_seen", "worker_node", ["last_seen"], schema=PANDA)
    op.create_table(
        "worker_node_gpus",
        sa.Column("site", sa.String(128), nullable=False, comment="Site of the host, SITE"),
        sa.Column("host_name", sa.String(128), nullable=False, comment="Host, WORKER_NODE"),
        sa.Column("vendor", sa.String(128), nullable=False, comment="Maker of the GPU"),
        sa.Column("model", sa.String(128), nullable=False, comment="Model of the GPU"),
        sa.Column("count", sa.Integer(), comment="Number of GPUs of the model in the host"),
        sa.Column("vram", sa.BigInteger(), comment="Memory of a GPU in MB"),
        sa.Column(
            "architecture", sa.String(128), comment="Architecture of the GPU, as named by its maker"
        ),
        sa.Column(
            "framework",
            sa.String(128),
            comment="Programming framework found on the host, such as CUDA",
        ),
        sa.Column("framework_version", sa.String(20), comment="Version of the framework"),
        sa.Column(
            "driver_version", sa.String(20), comment="Version of the GPU driver, as first reported"
        ),
        sa.Column("last_seen", TIMESTAMP(), comment="Time a pilot last reported the GPU"),
        sa.PrimaryKeyConstraint(
            "site", "host_name", "vendor", "model", name="worker_node_gpus_pkey"
        ),
        schema=PANDA,
        comment="GPUs of the worker nodes, as pilots report them.",
    )
    op.create_index(
        "idx_worker_node_gpu_last_seen", "worker_node_gpus", ["last_seen"], schema=PANDA
    )
    op.create_table(
        "worker_node_metrics",
        sa.Column("site", sa.String(128), nullable=False, comment="Site of the host, SITE"),
        sa.Column(
            "host_name",
            sa.String(128),
            nullable=False,
            comment="Host, the part of its name after the last @",
        ),
        sa.Column(
            "timestamp",
            TIMESTAMP(),
            nullable=False,
            server_default=UTC_NOW,
            comment="Time the statistics were computed",
        ),
        sa.Column("key", sa.String(20), nullable=False, comment="What is counted: jobs or workers"),
        sa.Column(
            "statistics",
            JSONB(),
            comment="JSON object of the past day: finished and failed counts, HS06 seconds of jobs",
        ),
        sa.PrimaryKeyConstraint(
            "site", "host_name", "timestamp", "key", name="worker_node_metrics_pkey"
        ),
        schema=PANDA,
        comment="Daily statistics of jobs and workers per host, appended.",
        postgresql_partition_by="RANGE (timestamp)",
    )
    op.create_index(
        "wn_metrics_idx", "worker_node_metrics", ["site", "host_name", "timestamp"], schema=PANDA
    )
    op.create_index("wn_metrics_timestamp_idx", "worker_node_metrics", ["timestamp"], schema=PANDA)
    op.create_partition("doma_panda.worker_node_metrics")
    op.create_table(
        "worker_node_queue",
        sa.Column("site", sa.String(128), nullable=False, comment="Site of the host, SITE"),
        sa.Column("host_name", sa.String(128), nullable=False, comment="Host, WORKER_NODE"),
        sa.Column(
            "panda_queue", sa.String(128), nullable=False, comment="PanDA queue, SCHEDCONFIG_JSON"
        ),
        sa.Column(
            "last_seen", TIMESTAMP(), comment="Time a pilot of the queue last reported the host"
        ),
        sa.PrimaryKeyConstraint("site", "host_name", "panda_queue", name="pk_worker_node_queue"),
        schema=PANDA,
        comment="Which PanDA queues have run on each worker node.",
    )


def downgrade() -> None:
    op.drop_table("worker_node_queue", schema=PANDA)
    op.drop_table("worker_node_metrics", schema=PANDA)
    op.drop_table("worker_node_gpus", schema=PANDA)
    op.drop_table("worker_node", schema=PANDA)
    op.drop_table("cpu_benchmarks", schema=PANDA)
