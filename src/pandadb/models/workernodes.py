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
    """TODO doma_panda.worker_node."""

    __tablename__ = "worker_node"
    __table_args__ = (
        Index("idx_worker_node_cpu_model_norm", "cpu_model_normalized"),
        Index("idx_worker_node_last_seen", "last_seen"),
    )

    site: Mapped[str] = mapped_column(String(128), primary_key=True)
    host_name: Mapped[str] = mapped_column(String(128), primary_key=True)
    cpu_model: Mapped[str] = mapped_column(String(128), primary_key=True)
    n_logical_cpus: Mapped[int | None]
    n_sockets: Mapped[int | None]
    cores_per_socket: Mapped[int | None]
    threads_per_core: Mapped[int | None]
    cpu_architecture: Mapped[str | None] = mapped_column(String(20))
    cpu_architecture_level: Mapped[str | None] = mapped_column(String(20))
    clock_speed: Mapped[Decimal | None] = mapped_column(Numeric(9, 2))
    total_memory: Mapped[BigInt | None]
    last_seen: Mapped[datetime | None]
    total_local_disk: Mapped[BigInt | None]
    cpu_model_normalized: Mapped[str | None] = mapped_column(String(128))

    queues: Mapped[list[WorkerNodeQueue]] = related(
        "and_(foreign(WorkerNodeQueue.site) == WorkerNode.site, "
        "foreign(WorkerNodeQueue.host_name) == WorkerNode.host_name)",
    )
    gpus: Mapped[list[WorkerNodeGPUs]] = related(
        "and_(foreign(WorkerNodeGPUs.site) == WorkerNode.site, "
        "foreign(WorkerNodeGPUs.host_name) == WorkerNode.host_name)",
    )


class WorkerNodeQueue(Base):
    """TODO doma_panda.worker_node_queue."""

    __tablename__ = "worker_node_queue"
    __table_args__ = (
        PrimaryKeyConstraint("site", "host_name", "panda_queue", name="pk_worker_node_queue"),
    )

    site: Mapped[str] = mapped_column(String(128))
    host_name: Mapped[str] = mapped_column(String(128))
    panda_queue: Mapped[str] = mapped_column(String(128))
    last_seen: Mapped[datetime | None]

    nodes: Mapped[list[WorkerNode]] = related(
        "and_(WorkerNodeQueue.site == foreign(WorkerNode.site), "
        "WorkerNodeQueue.host_name == foreign(WorkerNode.host_name))",
    )


class WorkerNodeGPUs(Base):
    """TODO doma_panda.worker_node_gpus."""

    __tablename__ = "worker_node_gpus"
    __table_args__ = (Index("idx_worker_node_gpu_last_seen", "last_seen"),)

    site: Mapped[str] = mapped_column(String(128), primary_key=True)
    host_name: Mapped[str] = mapped_column(String(128), primary_key=True)
    vendor: Mapped[str] = mapped_column(String(128), primary_key=True)
    model: Mapped[str] = mapped_column(String(128), primary_key=True)
    count: Mapped[int | None]
    vram: Mapped[BigInt | None]
    architecture: Mapped[str | None] = mapped_column(String(128))
    framework: Mapped[str | None] = mapped_column(String(128))
    framework_version: Mapped[str | None] = mapped_column(String(20))
    driver_version: Mapped[str | None] = mapped_column(String(20))
    last_seen: Mapped[datetime | None]

    nodes: Mapped[list[WorkerNode]] = related(
        "and_(WorkerNodeGPUs.site == foreign(WorkerNode.site), "
        "WorkerNodeGPUs.host_name == foreign(WorkerNode.host_name))",
    )


class WorkerNodeMetrics(Base):
    """TODO doma_panda.worker_node_metrics."""

    __tablename__ = "worker_node_metrics"
    __table_args__ = (
        Index("wn_metrics_idx", "site", "host_name", "timestamp"),
        Index("wn_metrics_timestamp_idx", "timestamp"),
        {"postgresql_partition_by": "RANGE (timestamp)"},
    )

    site: Mapped[str] = mapped_column(String(128), primary_key=True)
    host_name: Mapped[str] = mapped_column(String(128), primary_key=True)
    timestamp: Mapped[datetime] = mapped_column(primary_key=True, server_default=UTC_NOW)
    key: Mapped[str] = mapped_column(String(20), primary_key=True)
    statistics: Mapped[Any | None] = mapped_column(JSONB)


class CPUBenchmarks(Base):
    """TODO doma_panda.cpu_benchmarks."""

    __tablename__ = "cpu_benchmarks"
    __table_args__ = (Index("idx_worker_node_cpu_type_norm", "cpu_type_normalized"),)
    __mapper_args__ = {
        "primary_key": ["site", "cpu_type", "ncores", "smt_enabled", "source", "timestamp"]
    }

    cpu_type: Mapped[str | None] = mapped_column(String(128))
    smt_enabled: Mapped[SmallInt | None]
    sockets: Mapped[SmallInt | None]
    cores_per_socket: Mapped[int | None]
    ncores: Mapped[int | None]
    site: Mapped[str | None] = mapped_column(String(128))
    score_per_core: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    timestamp: Mapped[datetime | None]
    source: Mapped[str | None] = mapped_column(String(256))
    cpu_type_normalized: Mapped[str | None] = mapped_column(String(128))
