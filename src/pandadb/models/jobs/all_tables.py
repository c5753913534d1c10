"""The tables that hold jobs, in the order of a job's life."""

from pandadb.models import JobsActive4, JobsArchived, JobsArchived4, JobsDefined4, JobsWaiting4

JobTable = (
    type[JobsDefined4]
    | type[JobsWaiting4]
    | type[JobsActive4]
    | type[JobsArchived4]
    | type[JobsArchived]
)

JOB_TABLES: tuple[JobTable, ...] = (
    JobsDefined4,
    JobsWaiting4,
    JobsActive4,
    JobsArchived4,
    JobsArchived,
)

LIVE_TABLES: tuple[JobTable, ...] = (JobsDefined4, JobsWaiting4, JobsActive4)
"""Where jobs are that have not ended."""
