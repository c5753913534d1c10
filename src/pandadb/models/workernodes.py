"""The machines that run workers: hardware, queues, measurements."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, Numeric, PrimaryKeyConstraint, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related
from pandadb.models.types import UTC_NOW, BigInt, SmallInt


class WorkerNode(Base):
    """Worker nodes and their hardware, as pilots report them."""

    __tablename__ = "worker_node"
    __table_args__ = (
        Index("idx_worker_node_cpu_model_norm", "cpu_model_normalized"),
        Index("idx_worker_node_last_seen", "last_seen"),
    )

    site: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="Site of the host, SITE"
    )
    host_name: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="Name of the host without the slot prefix"
    )
    cpu_model: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="CPU model as the host reports it"
    )
    n_logical_cpus: Mapped[int | None] = mapped_column(comment="Number of logical CPUs of the host")
    n_sockets: Mapped[int | None] = mapped_column(comment="Number of CPU sockets")
    cores_per_socket: Mapped[int | None] = mapped_column(comment="Physical cores of each socket")
    threads_per_core: Mapped[int | None] = mapped_column(
        comment="Hardware threads of each core, 2 with SMT"
    )
    cpu_architecture: Mapped[str | None] = mapped_column(
        String(20), comment="Instruction set, such as x86_64 or aarch64"
    )
    cpu_architecture_level: Mapped[str | None] = mapped_column(
        String(20), comment="Level of the instruction set, such as x86-64-v3"
    )
    clock_speed: Mapped[Decimal | None] = mapped_column(Numeric(9, 2), comment="Clock speed in MHz")
    total_memory: Mapped[BigInt | None] = mapped_column(comment="Memory of the host in MB")
    last_seen: Mapped[datetime | None] = mapped_column(
        comment="Time a pilot last reported the host"
    )
    total_local_disk: Mapped[BigInt | None] = mapped_column(comment="Local disk of the host in GB")
    cpu_model_normalized: Mapped[str | None] = mapped_column(
        String(128),
        comment="CPU model in uniform spelling, matches CPU_BENCHMARKS.cpu_type_normalized",
    )

    queues: Mapped[list[WorkerNodeQueue]] = related(
        "and_(foreign(WorkerNodeQueue.site) == WorkerNode.site, "
        "foreign(WorkerNodeQueue.host_name) == WorkerNode.host_name)",
    )
    gpus: Mapped[list[WorkerNodeGPUs]] = related(
        "and_(foreign(WorkerNodeGPUs.site) == WorkerNode.site, "
        "foreign(WorkerNodeGPUs.host_name) == WorkerNode.host_name)",
    )


class WorkerNodeQueue(Base):
    """Which PanDA queues have run on each worker node."""

    __tablename__ = "worker_node_queue"
    __table_args__ = (
        PrimaryKeyConstraint("site", "host_name", "panda_queue", name="pk_worker_node_queue"),
    )

    site: Mapped[str] = mapped_column(String(128), comment="Site of the host, SITE")
    host_name: Mapped[str] = mapped_column(String(128), comment="Host, WORKER_NODE")
    panda_queue: Mapped[str] = mapped_column(String(128), comment="PanDA queue, SCHEDCONFIG_JSON")
    last_seen: Mapped[datetime | None] = mapped_column(
        comment="Time a pilot of the queue last reported the host"
    )

    nodes: Mapped[list[WorkerNode]] = related(
        "and_(WorkerNodeQueue.site == foreign(WorkerNode.site), "
        "WorkerNodeQueue.host_name == foreign(WorkerNode.host_name))",
    )


class WorkerNodeGPUs(Base):
    """GPUs of the worker nodes, as pilots report them."""

    __tablename__ = "worker_node_gpus"
    __table_args__ = (Index("idx_worker_node_gpu_last_seen", "last_seen"),)

    site: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="Site of the host, SITE"
    )
    host_name: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="Host, WORKER_NODE"
    )
    vendor: Mapped[str] = mapped_column(String(128), primary_key=True, comment="Maker of the GPU")
    model: Mapped[str] = mapped_column(String(128), primary_key=True, comment="Model of the GPU")
    count: Mapped[int | None] = mapped_column(comment="Number of GPUs of the model in the host")
    vram: Mapped[BigInt | None] = mapped_column(comment="Memory of a GPU in MB")
    architecture: Mapped[str | None] = mapped_column(
        String(128), comment="Architecture of the GPU, as named by its maker"
    )
    framework: Mapped[str | None] = mapped_column(
        String(128), comment="Programming framework found on the host, such as CUDA"
    )
    framework_version: Mapped[str | None] = mapped_column(
        String(20), comment="Version of the framework"
    )
    driver_version: Mapped[str | None] = mapped_column(
        String(20), comment="Version of the GPU driver, as first reported"
    )
    last_seen: Mapped[datetime | None] = mapped_column(comment="Time a pilot last reported the GPU")

    nodes: Mapped[list[WorkerNode]] = related(
        "and_(WorkerNodeGPUs.site == foreign(WorkerNode.site), "
        "WorkerNodeGPUs.host_name == foreign(WorkerNode.host_name))",
    )


class WorkerNodeMetrics(Base):
    """Daily statistics of jobs and workers per host, appended."""

    __tablename__ = "worker_node_metrics"
    __table_args__ = (
        Index("wn_metrics_idx", "site", "host_name", "timestamp"),
        Index("wn_metrics_timestamp_idx", "timestamp"),
        {"postgresql_partition_by": "RANGE (timestamp)"},
    )

    site: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="Site of the host, SITE"
    )
    host_name: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="Host, the part of its name after the last @"
    )
    timestamp: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=UTC_NOW, comment="Time the statistics were computed"
    )
    key: Mapped[str] = mapped_column(
        String(20), primary_key=True, comment="What is counted: jobs or workers"
    )
    statistics: Mapped[Any | None] = mapped_column(
        JSONB,
        comment="JSON object of the past day: finished and failed counts, HS06 seconds of jobs",
    )


class CPUBenchmarks(Base):
    """Published benchmark scores of CPU models, to rate worker nodes."""

    __tablename__ = "cpu_benchmarks"
    __table_args__ = (Index("idx_worker_node_cpu_type_norm", "cpu_type_normalized"),)
    __mapper_args__ = {
        "primary_key": ["site", "cpu_type", "ncores", "smt_enabled", "source", "timestamp"]
    }

    cpu_type: Mapped[str | None] = mapped_column(
        String(128), comment="CPU model as the source spells it"
    )
    smt_enabled: Mapped[SmallInt | None] = mapped_column(
        comment="1 if measured with SMT on, 0 if off"
    )
    sockets: Mapped[SmallInt | None] = mapped_column(
        comment="Number of sockets of the measured host"
    )
    cores_per_socket: Mapped[int | None] = mapped_column(comment="Physical cores of each socket")
    ncores: Mapped[int | None] = mapped_column(
        comment="Number of cores the benchmark ran on, logical ones with SMT"
    )
    site: Mapped[str | None] = mapped_column(String(128), comment="Site that made the measurement")
    score_per_core: Mapped[Decimal | None] = mapped_column(
        Numeric(10, 2), comment="Benchmark score per core"
    )
    timestamp: Mapped[datetime | None] = mapped_column(comment="Time of the entry")
    source: Mapped[str | None] = mapped_column(
        String(256), comment="Address the score was taken from"
    )
    cpu_type_normalized: Mapped[str | None] = mapped_column(
        String(128),
        comment="CPU model in uniform spelling, matches WORKER_NODE.cpu_model_normalized",
    )
