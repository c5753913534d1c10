"""Counts of jobs and tasks that are computed in the background, so that nobody counts twice."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CHAR, Index, Numeric, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base
from pandadb.models.types import BigInt, SmallInt


class MVJobsActive4Stats(Base):
    """TODO doma_panda.mv_jobsactive4_stats."""

    __tablename__ = "mv_jobsactive4_stats"
    __mapper_args__ = {
        "primary_key": [
            "cloud",
            "computingsite",
            "countrygroup",
            "workinggroup",
            "relocationflag",
            "jobstatus",
            "processingtype",
            "prodsourcelabel",
            "currentpriority",
            "vo",
            "workqueue_id",
            "resource_type",
        ]
    }

    cur_date: Mapped[datetime | None]
    cloud: Mapped[str | None] = mapped_column(String(50))
    computingsite: Mapped[str | None] = mapped_column(String(128))
    countrygroup: Mapped[str | None] = mapped_column(String(20))
    workinggroup: Mapped[str | None] = mapped_column(String(20))
    relocationflag: Mapped[SmallInt | None]
    jobstatus: Mapped[str] = mapped_column(String(15))
    processingtype: Mapped[str | None] = mapped_column(String(64))
    prodsourcelabel: Mapped[str | None] = mapped_column(String(20))
    currentpriority: Mapped[BigInt | None]
    num_of_jobs: Mapped[BigInt | None]
    vo: Mapped[str | None] = mapped_column(String(32))
    workqueue_id: Mapped[int | None]
    num_of_cores: Mapped[BigInt | None]
    resource_type: Mapped[str | None] = mapped_column(String(56))


class JobsShareStats(Base):
    """TODO doma_panda.jobs_share_stats."""

    __tablename__ = "jobs_share_stats"
    __table_args__ = (
        Index("jobs_share_stats_compsite_idx", "computingsite"),
        Index("jobssharestats_gsharestatusidx", "gshare", "jobstatus"),
    )
    __mapper_args__ = {
        "primary_key": [
            "gshare",
            "computingsite",
            "jobstatus",
            "vo",
            "workqueue_id",
            "resource_type",
            "nucleus",
            "maxpriority",
            "prorated_diskio_avg",
            "prorated_mem_avg",
            "njobs",
            "hs",
        ]
    }

    ts: Mapped[datetime | None]
    gshare: Mapped[str | None] = mapped_column(String(32))
    computingsite: Mapped[str | None] = mapped_column(String(128))
    jobstatus: Mapped[str] = mapped_column(String(15))
    maxpriority: Mapped[BigInt | None]
    prorated_diskio_avg: Mapped[Decimal | None] = mapped_column(Numeric(11, 2))
    prorated_mem_avg: Mapped[Decimal | None] = mapped_column(Numeric(11, 2))
    njobs: Mapped[BigInt | None]
    hs: Mapped[BigInt | None]
    vo: Mapped[str | None] = mapped_column(String(32))
    workqueue_id: Mapped[int | None]
    resource_type: Mapped[str | None] = mapped_column(String(56))
    nucleus: Mapped[str | None] = mapped_column(String(52))


class JobsDefinedShareStats(Base):
    """TODO doma_panda.jobsdefined_share_stats."""

    __tablename__ = "jobsdefined_share_stats"
    __table_args__ = (
        Index("jobsdef_share_stats_site_idx", "computingsite"),
        Index("jobsdef_share_stats_ss_idx", "gshare", "jobstatus"),
    )
    __mapper_args__ = {
        "primary_key": [
            "gshare",
            "computingsite",
            "jobstatus",
            "vo",
            "workqueue_id",
            "resource_type",
            "nucleus",
            "maxpriority",
            "prorated_diskio_avg",
            "prorated_mem_avg",
            "njobs",
            "hs",
        ]
    }

    ts: Mapped[datetime | None]
    gshare: Mapped[str | None] = mapped_column(String(32))
    computingsite: Mapped[str | None] = mapped_column(String(128))
    jobstatus: Mapped[str] = mapped_column(String(15))
    maxpriority: Mapped[BigInt | None]
    prorated_diskio_avg: Mapped[Decimal | None] = mapped_column(Numeric(11, 2))
    prorated_mem_avg: Mapped[Decimal | None] = mapped_column(Numeric(11, 2))
    njobs: Mapped[BigInt | None]
    hs: Mapped[BigInt | None]
    vo: Mapped[str | None] = mapped_column(String(32))
    workqueue_id: Mapped[int | None]
    resource_type: Mapped[str | None] = mapped_column(String(56))
    nucleus: Mapped[str | None] = mapped_column(String(52))


class JobStatsHP(Base):
    """TODO doma_panda.job_stats_hp."""

    __tablename__ = "job_stats_hp"
    __mapper_args__ = {
        "primary_key": [
            "prodsourcelabel",
            "cloud",
            "resource_type",
            "gshare",
            "jobstatus",
            "workqueue_id",
            "vo",
        ]
    }

    ts: Mapped[datetime | None]
    prodsourcelabel: Mapped[str | None] = mapped_column(String(20))
    cloud: Mapped[str | None] = mapped_column(String(50))
    resource_type: Mapped[str | None] = mapped_column(String(56))
    gshare: Mapped[str | None] = mapped_column(String(32))
    jobstatus: Mapped[str | None] = mapped_column(String(15))
    workqueue_id: Mapped[int | None]
    vo: Mapped[str | None] = mapped_column(String(32))
    max_priority: Mapped[BigInt | None]
    max_priority_count: Mapped[BigInt | None]


class TotalWalltimeCache(Base):
    """TODO doma_panda.total_walltime_cache."""

    __tablename__ = "total_walltime_cache"

    vo: Mapped[str] = mapped_column(String(32), primary_key=True)
    agg_type: Mapped[str] = mapped_column(String(32), primary_key=True)
    agg_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    prodsourcelabel: Mapped[str] = mapped_column(String(20), primary_key=True)
    resource_type: Mapped[str] = mapped_column(String(56), primary_key=True)
    total_walltime: Mapped[BigInt | None]
    n_has_value: Mapped[int | None]
    n_no_value: Mapped[int | None]


class TypicalNumInput(Base):
    """TODO doma_panda.typical_num_input."""

    __tablename__ = "typical_num_input"

    vo: Mapped[str] = mapped_column(String(32), primary_key=True)
    agg_type: Mapped[str] = mapped_column(String(32), primary_key=True)
    agg_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    prodsourcelabel: Mapped[str] = mapped_column(String(20), primary_key=True)
    processingtype: Mapped[str] = mapped_column(String(64), primary_key=True)
    ninputdatafiles: Mapped[int | None]


class MVRunningJumboTaskCount(Base):
    """TODO doma_panda.mv_running_jumbo_task_count."""

    __tablename__ = "mv_running_jumbo_task_count"
    __mapper_args__ = {
        "primary_key": [
            "vo",
            "cloud",
            "prodsourcelabel",
            "usejumbo",
            "status",
            "gshare",
            "workqueue_id",
        ]
    }

    cur_date: Mapped[datetime | None]
    vo: Mapped[str | None] = mapped_column(String(32))
    cloud: Mapped[str | None] = mapped_column(String(10))
    prodsourcelabel: Mapped[str | None] = mapped_column(String(20))
    usejumbo: Mapped[str | None] = mapped_column(CHAR(1))
    status: Mapped[str | None] = mapped_column(String(64))
    gshare: Mapped[str | None] = mapped_column(String(32))
    workqueue_id: Mapped[int | None]
    task_count: Mapped[BigInt | None]


class Metrics(Base):
    """TODO doma_panda.metrics."""

    __tablename__ = "metrics"
    __table_args__ = (
        UniqueConstraint(
            "computingsite", "gshare", "metric", name="metrics_computingsite_gshare_metric_key"
        ),
    )
    __mapper_args__ = {"primary_key": ["computingsite", "gshare", "metric"]}

    computingsite: Mapped[str | None] = mapped_column(String(128))
    gshare: Mapped[str | None] = mapped_column(String(32))
    metric: Mapped[str | None] = mapped_column(String(128))
    value_json: Mapped[Any | None] = mapped_column(JSON)
    timestamp: Mapped[datetime | None]
