"""The tables that hold jobs, in the order of a job's life, and those that go to the archive."""

from pandadb.models import (
    FilesTable4,
    FilesTableArch,
    JobParamsTable,
    JobParamsTableArch,
    JobsActive4,
    JobsArchived,
    JobsArchived4,
    JobsDefined4,
    JobsWaiting4,
    MetaTable,
    MetaTableArch,
)

JobTable = (
    type[JobsDefined4]
    | type[JobsWaiting4]
    | type[JobsActive4]
    | type[JobsArchived4]
    | type[JobsArchived]
)
Satellite = type[FilesTable4] | type[JobParamsTable] | type[MetaTable]
ArchiveTable = (
    type[JobsArchived] | type[FilesTableArch] | type[JobParamsTableArch] | type[MetaTableArch]
)

LIVE_TABLES: tuple[JobTable, ...] = (JobsDefined4, JobsWaiting4, JobsActive4)
"""Tables of jobs that have not ended."""
UNARCHIVED_TABLES: tuple[JobTable, ...] = (*LIVE_TABLES, JobsArchived4)
JOB_TABLES: tuple[JobTable, ...] = (*UNARCHIVED_TABLES, JobsArchived)

SATELLITES: tuple[Satellite, ...] = (FilesTable4, JobParamsTable, MetaTable)
"""The tables of the satellites of a job: files, parameters, metadata."""
ARCHIVE_TABLES: dict[type[JobsArchived4] | Satellite, ArchiveTable] = {
    JobsArchived4: JobsArchived,
    FilesTable4: FilesTableArch,
    JobParamsTable: JobParamsTableArch,
    MetaTable: MetaTableArch,
}
"""The live tables with rows that are archived together, each with its archive table, in lock order.
"""
