"""The four tables of jobs; a job moves between them as its state changes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related
from pandadb.models.jobs.columns import JobColumns
from pandadb.models.jobs.links import LiveJobLinks

if TYPE_CHECKING:
    from pandadb.models.jobs.history import JobsDebug


class JobsDefined4(JobColumns, LiveJobLinks, Base):
    """Jobs not yet ready to run: pending, defined, waiting or assigned."""

    __tablename__ = "jobsdefined4"
    __table_args__ = (
        Index("jobsdef_statechangetime_idx", "statechangetime"),
        Index("jobsdefined4_jeditaskid_idx", "jeditaskid", "pandaid", unique=True),
        Index("jobsdefined4_jobname_idx", "jobname"),
        Index("jobsdefined4_jobsetid_idx", "jobsetid"),
        Index("jobsdefined4_label_csite_stat", "prodsourcelabel", "computingsite", "jobstatus"),
        Index("jobsdefined4_produsername_idx", "produsername"),
        Index("jobsdefined4_reqid_idx", "reqid"),
        Index(
            "jobsdefined4_workqueue_idx",
            "workqueue_id",
            "cloud",
            "jobstatus",
            "prodsourcelabel",
            "currentpriority",
        ),
    )

    jobstatus: Mapped[str] = mapped_column(String(15), server_default="defined")


class JobsWaiting4(JobColumns, LiveJobLinks, Base):
    """Legacy table of jobs waiting for input; the current server keeps them in JOBSDEFINED4."""

    __tablename__ = "jobswaiting4"
    __table_args__ = (
        Index("jobswait_statechangetime_idx", "statechangetime"),
        Index("jobswaiting4_jeditaskid_idx", "jeditaskid", "pandaid", unique=True),
        Index("jobswaiting4_jobexecid_idx", "jobexecutionid"),
        Index("jobswaiting4_reqid_idx", "reqid"),
        Index(
            "jobswaiting4_workqueue_idx",
            "workqueue_id",
            "cloud",
            "jobstatus",
            "prodsourcelabel",
            "currentpriority",
        ),
    )

    jobstatus: Mapped[str] = mapped_column(String(15), server_default="waiting")


class JobsActive4(JobColumns, LiveJobLinks, Base):
    """Jobs ready to run, with a pilot or finishing, from activated to transferring and merging."""

    __tablename__ = "jobsactive4"
    __table_args__ = (
        Index("jobsactive4_compsitestatus_idx", "computingsite", "jobstatus"),
        Index(
            "jobsactive4_dispatch_idx",  # ours: the next jobs to dispatch, of each label and share
            "computingsite",
            text("coalesce(prodsourcelabel, '')"),
            text("coalesce(gshare, '')"),
            text("currentpriority DESC"),
            "pandaid",
            postgresql_where=text("jobstatus = 'activated'"),
        ),
        Index(
            "jobsactive4_csite_label_prior3",
            "computingsite",
            "prodsourcelabel",
            "currentpriority",
            "jobstatus",
            "maxdiskcount",
            "commandtopilot",
        ),
        Index("jobsactive4_jeditaskid_idx", "jeditaskid", "pandaid", unique=True),
        Index("jobsactive4_jeditaskidstat_idx", "jeditaskid", "jobstatus"),
        Index("jobsactive4_jobdefid_idx", "jobdefinitionid"),
        Index("jobsactive4_jobname_idx", "jobname"),
        Index("jobsactive4_modtime_idx", "modificationtime"),
        Index("jobsactive4_prior_idx", "currentpriority", "pandaid"),
        Index("jobsactive4_proddblock_st_idx", "proddblock", "jobstatus"),
        Index("jobsactive4_produsernamest_idx", "produsername", "jobstatus"),
        Index("jobsactive4_reqid_idx", "reqid"),
        Index("jobsactive4_stat_label_wgr_idx", "jobstatus", "prodsourcelabel", "workinggroup"),
        Index(
            "jobsactive4_workqueue_idx",
            "workqueue_id",
            "cloud",
            "jobstatus",
            "prodsourcelabel",
            "currentpriority",
        ),
        Index("jobsactive_statechangetime_idx", "statechangetime"),
    )

    jobstatus: Mapped[str] = mapped_column(String(15), server_default="activated")

    debug: Mapped[JobsDebug | None] = related(
        "foreign(JobsDebug.pandaid) == JobsActive4.pandaid", "jobsactive4"
    )


class JobsArchived4(JobColumns, LiveJobLinks, Base):
    """Jobs in a final state, partitioned by the time they became final."""

    __tablename__ = "jobsarchived4"
    __table_args__ = (
        Index("jobs_destinationdblock_idx", "destinationdblock"),
        Index("jobs_statechangetime_idx", "statechangetime"),
        Index("jobs_upper_produsername_idx", text("upper(produsername)")),
        Index(
            "jobsarc4_jeditaskid3attr_idx", "jeditaskid", "jobstatus", "prodsourcelabel", "pandaid"
        ),
        Index(
            "jobsarch4_compsite_5attr_idx",
            "computingsite",
            "cloud",
            "jobstatus",
            "prodsourcelabel",
            "processingtype",
            "modificationtime",
        ),
        Index("jobsarch4_mtimeprodslabel_idx", "modificationtime", "prodsourcelabel"),
        Index("jobsarch4_piloterrcode_idx", "piloterrorcode"),
        Index("jobsarch4_produsernamest_idx", "produsername", "jobstatus"),
        Index("jobsarch4_specialhandling_idx", "specialhandling"),
        Index(
            "jobsarch4_taskid_3attr_idx", "taskid", "prodsourcelabel", "jobstatus", "processingtype"
        ),
        Index("jobsarch4_workgroup_status_idx", "workinggroup", "jobstatus"),
        Index("jobsarchived4_batchid_idx", "batchid"),
        Index(
            "jobsarchived4_changetime",
            "lockedby",
            "prodsourcelabel",
            text(
                "(\nCASE\n    WHEN statechangetime > proddbupdatetime THEN 1\n"
                "    ELSE NULL::integer\nEND)"
            ),
        ),
        Index("jobsarchived4_jobdefid_idx", "jobdefinitionid"),
        Index("jobsarchived4_jobname_idx", "jobname"),
        Index("jobsarchived4_jobsetid_idx", "jobsetid"),
        Index("jobsarchived4_reqid_idx", "reqid"),
        Index(
            "jobsarchived4_workqueue_idx",
            "workqueue_id",
            "cloud",
            "jobstatus",
            "prodsourcelabel",
            "currentpriority",
        ),
        {"postgresql_partition_by": "RANGE (modificationtime)"},
    )

    jobstatus: Mapped[str] = mapped_column(String(15), server_default="activated")
    modificationtime: Mapped[datetime] = mapped_column(primary_key=True)
