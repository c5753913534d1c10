"""Counts of jobs and tasks, computed once in the background."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CHAR, Index, Numeric, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import PANDADB, Base
from pandadb.models.types import BigInt, SmallInt


class MVJobsActive4Stats(Base):
    """Counts of the jobs in JOBSACTIVE4 by their main attributes, recomputed every few minutes."""

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

    cur_date: Mapped[datetime | None] = mapped_column(comment="Time the counts were computed")
    cloud: Mapped[str | None] = mapped_column(String(50), comment="Cloud the jobs are assigned to")
    computingsite: Mapped[str | None] = mapped_column(
        String(128), comment="PanDA queue, SCHEDCONFIG_JSON"
    )
    countrygroup: Mapped[str | None] = mapped_column(
        String(20), comment="Country group of the jobs"
    )
    workinggroup: Mapped[str | None] = mapped_column(
        String(20), comment="Working group of the jobs"
    )
    relocationflag: Mapped[SmallInt | None] = mapped_column(
        comment="1 site given at submission, 2 must not be reassigned, 3 throttled user"
    )
    jobstatus: Mapped[str] = mapped_column(String(15), comment="State of the jobs counted")
    processingtype: Mapped[str | None] = mapped_column(
        String(64), comment="Processing type of the jobs"
    )
    prodsourcelabel: Mapped[str | None] = mapped_column(
        String(20), comment="Label of the jobs, such as managed, user or test"
    )
    currentpriority: Mapped[BigInt | None] = mapped_column(
        comment="Current priority of the jobs, truncated to tens"
    )
    num_of_jobs: Mapped[BigInt | None] = mapped_column(comment="Number of jobs")
    vo: Mapped[str | None] = mapped_column(String(32), comment="Virtual organisation")
    workqueue_id: Mapped[int | None] = mapped_column(comment="Work queue, JEDI_WORK_QUEUE")
    num_of_cores: Mapped[BigInt | None] = mapped_column(
        comment="Sum of actual, else requested cores; NULL if neither is known"
    )
    resource_type: Mapped[str | None] = mapped_column(
        String(56), comment="Resource type, RESOURCE_TYPES"
    )


class ShareStatsColumns:
    """Jobs of a share at a site in a state, counted."""

    ts: Mapped[datetime | None] = mapped_column(comment="Time the counts were computed")
    gshare: Mapped[str | None] = mapped_column(String(32), comment="Global share, GLOBAL_SHARES")
    computingsite: Mapped[str | None] = mapped_column(
        String(128), comment="PanDA queue, SCHEDCONFIG_JSON"
    )
    jobstatus: Mapped[str] = mapped_column(String(15), comment="State of the jobs counted")
    maxpriority: Mapped[BigInt | None] = mapped_column(
        comment="Highest current priority among the jobs"
    )
    prorated_diskio_avg: Mapped[Decimal | None] = mapped_column(
        Numeric(11, 2), comment="Average disk I/O per core in kB/s"
    )
    prorated_mem_avg: Mapped[Decimal | None] = mapped_column(
        Numeric(11, 2), comment="Average requested memory per core in MB"
    )
    njobs: Mapped[BigInt | None] = mapped_column(comment="Number of jobs")
    hs: Mapped[BigInt | None] = mapped_column(
        comment="Computing power of the jobs in HS06: jobs times cores times corepower"
    )
    vo: Mapped[str | None] = mapped_column(String(32), comment="Virtual organisation")
    workqueue_id: Mapped[int | None] = mapped_column(comment="Work queue, JEDI_WORK_QUEUE")
    resource_type: Mapped[str | None] = mapped_column(
        String(56), comment="Resource type, RESOURCE_TYPES"
    )
    nucleus: Mapped[str | None] = mapped_column(
        String(52), comment="Nucleus of the tasks, the site that collects the output"
    )


class JobsShareStats(ShareStatsColumns, Base):
    """Jobs in JOBSACTIVE4 by global share and queue.

    The basis of share balancing; recomputed each minute.
    """

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


class JobsDefinedShareStats(ShareStatsColumns, Base):
    """Jobs in JOBSDEFINED4 by global share and queue; recomputed each minute."""

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


class JobStatsHP(Base):
    """Highest priority of the waiting jobs and how many have it; recomputed each minute."""

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

    ts: Mapped[datetime | None] = mapped_column(comment="Time the figures were computed")
    prodsourcelabel: Mapped[str | None] = mapped_column(
        String(20), comment="Label of the jobs, such as managed, user or test"
    )
    cloud: Mapped[str | None] = mapped_column(String(50), comment="Cloud the jobs are assigned to")
    resource_type: Mapped[str | None] = mapped_column(
        String(56), comment="Resource type, RESOURCE_TYPES"
    )
    gshare: Mapped[str | None] = mapped_column(String(32), comment="Global share, GLOBAL_SHARES")
    jobstatus: Mapped[str | None] = mapped_column(
        String(15), comment="State of the jobs: activated, assigned or defined"
    )
    workqueue_id: Mapped[int | None] = mapped_column(comment="Work queue, JEDI_WORK_QUEUE")
    vo: Mapped[str | None] = mapped_column(String(32), comment="Virtual organisation")
    max_priority: Mapped[BigInt | None] = mapped_column(comment="Highest current priority")
    max_priority_count: Mapped[BigInt | None] = mapped_column(
        comment="Number of jobs with that priority"
    )


class TotalWalltimeCache(Base):
    """Walltime requested by queued jobs per global share or work queue; recomputed regularly."""

    __tablename__ = "total_walltime_cache"

    vo: Mapped[str] = mapped_column(String(32), primary_key=True, comment="Virtual organisation")
    agg_type: Mapped[str] = mapped_column(
        String(32), primary_key=True, comment="What the figures are grouped by: gshare or workqueue"
    )
    agg_key: Mapped[str] = mapped_column(
        String(32),
        primary_key=True,
        comment="Name of the global share, or id of the work queue as text",
    )
    prodsourcelabel: Mapped[str] = mapped_column(
        String(20), primary_key=True, comment="Label of the jobs, such as managed, user or test"
    )
    resource_type: Mapped[str] = mapped_column(
        String(56), primary_key=True, comment="Resource type, RESOURCE_TYPES"
    )
    total_walltime: Mapped[BigInt | None] = mapped_column(
        comment="Sum of maxWalltime in seconds, jobs without it count 0"
    )
    n_has_value: Mapped[int | None] = mapped_column(
        comment="Number of jobs that have a maxWalltime"
    )
    n_no_value: Mapped[int | None] = mapped_column(comment="Number of jobs without a maxWalltime")


class TypicalNumInput(Base):
    """Typical number of input files of active jobs; recomputed regularly."""

    __tablename__ = "typical_num_input"

    vo: Mapped[str] = mapped_column(String(32), primary_key=True, comment="Virtual organisation")
    agg_type: Mapped[str] = mapped_column(
        String(32), primary_key=True, comment="What the figures are grouped by: gshare or workqueue"
    )
    agg_key: Mapped[str] = mapped_column(
        String(32),
        primary_key=True,
        comment="Name of the global share, or id of the work queue as text",
    )
    prodsourcelabel: Mapped[str] = mapped_column(
        String(20), primary_key=True, comment="Label of the jobs, such as managed, user or test"
    )
    processingtype: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="Processing type of the jobs"
    )
    ninputdatafiles: Mapped[int | None] = mapped_column(
        comment="Median number of input data files, rounded"
    )


class MVRunningJumboTaskCount(Base):
    """Number of tasks by their use of jumbo jobs; recomputed every few minutes."""

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

    cur_date: Mapped[datetime | None] = mapped_column(comment="Time the counts were computed")
    vo: Mapped[str | None] = mapped_column(String(32), comment="Virtual organisation")
    cloud: Mapped[str | None] = mapped_column(String(10), comment="Cloud of the tasks")
    prodsourcelabel: Mapped[str | None] = mapped_column(
        String(20), comment="Label of the tasks, such as managed or user"
    )
    usejumbo: Mapped[str | None] = mapped_column(
        CHAR(1), comment="State of the jumbo jobs of the tasks: W, R, P, L or D"
    )
    status: Mapped[str | None] = mapped_column(String(64), comment="State of the tasks counted")
    gshare: Mapped[str | None] = mapped_column(String(32), comment="Global share, GLOBAL_SHARES")
    workqueue_id: Mapped[int | None] = mapped_column(comment="Work queue, JEDI_WORK_QUEUE")
    task_count: Mapped[BigInt | None] = mapped_column(comment="Number of tasks")


class Metrics(Base):
    """Metrics kept by JEDI's daemons per queue and global share, as JSON."""

    __tablename__ = "metrics"
    __table_args__ = (
        UniqueConstraint(
            "computingsite", "gshare", "metric", name="metrics_computingsite_gshare_metric_key"
        ),
    )
    __mapper_args__ = {"primary_key": ["computingsite", "gshare", "metric"]}

    computingsite: Mapped[str | None] = mapped_column(
        String(128), comment="PanDA queue, or the text NULL if the metric is not per queue"
    )
    gshare: Mapped[str | None] = mapped_column(
        String(32), comment="Global share, or the text NULL if the metric is not per share"
    )
    metric: Mapped[str | None] = mapped_column(
        String(128), comment="Name of the metric, such as gshare_preference"
    )
    value_json: Mapped[Any | None] = mapped_column(JSON, comment="Value of the metric as JSON")
    timestamp: Mapped[datetime | None] = mapped_column(comment="Time the metric was last updated")


class StatisticsRun(Base):
    """The last refresh of each table of statistics; a refresh locks its row."""

    __tablename__ = "statistics_run"
    __table_args__ = {"schema": PANDADB}

    name: Mapped[str] = mapped_column(
        String(63), primary_key=True, comment="The table, or view, without its schema"
    )
    refreshed_at: Mapped[datetime | None] = mapped_column(
        comment="Time of the last refresh, which its rows have; NULL if there was none"
    )
    took_ms: Mapped[int | None] = mapped_column(comment="Milliseconds that the refresh took")
    row_count: Mapped[BigInt | None] = mapped_column(
        comment="Rows after the refresh; of WORKER_NODE_METRICS, rows that it added"
    )
    run_by: Mapped[str | None] = mapped_column(
        String(63), comment="Role that had logged in for the refresh"
    )
