"""Schemas of the API's answers that have rows of tables: made from the models and their comments.

They are published, and a test compares them with answers; no answer is checked against them while
it is sent, since that would take longer than its query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from pandadb.models import (
    DdmEndpoint,
    FilesTable4,
    HarvesterInstances,
    HarvesterWorkers,
    JediDatasets,
    JediTasks,
    JobsArchived4,
    PandaDdmRelation,
    PandaSite,
    SchedconfigJSON,
    Site,
    SiteChange,
    SiteStats,
    SWTags,
    Worker,
)

if TYPE_CHECKING:
    from sqlalchemy import Column

    from pandadb.models import Base


def row_of(name: str, meaning: str, table: type[Base], /, **more: Any) -> type[BaseModel]:
    """Return the schema of a row of a table, with further fields."""
    columns = {column.name: _field(column) for column in table.__table__.columns}
    return schema_of(name, meaning, **columns, **more)


def schema_of(name: str, meaning: str, /, **kinds: Any) -> type[BaseModel]:
    """Return a schema with fields by their types, or by their types and meanings.

    Some fields have the names of methods of pydantic's classes: they are aliases here.
    """
    given: dict[str, Any] = {}
    for key, one in kinds.items():
        kind, text = one if isinstance(one, tuple) else (one, None)
        given[f"{key}_"] = (kind, Field(alias=key, title=None, description=text))
    made: type[BaseModel] = create_model(name, __doc__=meaning, **given)
    return made


def _field(column: Column[Any]) -> tuple[Any, str | None]:
    try:
        kind: Any = column.type.python_type
    except NotImplementedError:
        kind = Any
    kind = Any if kind in (dict, list) else kind
    return kind if not column.nullable or kind is Any else kind | None, column.comment


JOB = JobsArchived4
"""All tables of jobs have its columns."""
TABLE = str, "The table that has it, or parquet"
BEFORE = int | None, "The value of `before` for the next page; null on the last one"
JobRow = row_of("Job", "A job.", JOB, table=TABLE)
FileRow = row_of("JobFile", "An input or output of a job.", FilesTable4)
WholeJob = row_of(
    "WholeJob", "A job with its files.", JOB,
    table=TABLE,
    files=list[FileRow],  # type: ignore[valid-type]
)  # fmt: skip
JobPage = schema_of(
    "JobPage", "A page of jobs.",
    jobs=list[JobRow],  # type: ignore[valid-type]
    next=(str | None, "The value of `after` for the next page; null on the last one"),
)  # fmt: skip
TaskRow = row_of("Task", "A task.", JediTasks)
DatasetRow = row_of("Dataset", "A dataset of a task with its counters.", JediDatasets)
WholeTask = row_of(
    "WholeTask", "A task with its datasets.", JediTasks,
    datasets=list[DatasetRow],  # type: ignore[valid-type]
)  # fmt: skip
TaskPage = schema_of(
    "TaskPage", "A page of tasks.",
    tasks=list[TaskRow],  # type: ignore[valid-type]
    next=BEFORE,
)  # fmt: skip
WorkerRow = row_of("Worker", "A worker of job queues.", Worker, njobs=(int, "Its leases"))
SiteCounts = schema_of(
    "SiteCounts", "A site with the numbers of what belongs to it.",
    site_name=str, role=str | None, tier_level=int | None, panda_sites=int, endpoints=int,
    excluded=(int, "Endpoints that are excluded from writing"),
    space_free=(Any, "Free space in GB; null if no endpoint has reported it"),
)  # fmt: skip
SITE_PARTS = {
    "panda_sites": row_of("PandaSite", "A PanDA site.", PandaSite),
    "endpoints": row_of("Endpoint", "A storage endpoint.", DdmEndpoint),
    "relations": row_of("Relation", "An endpoint of a PanDA site.", PandaDdmRelation),
    "queues": row_of("PandaQueue", "A PanDA queue with its configuration.", SchedconfigJSON),
    "tags": row_of("Tag", "A tag of the software of a queue.", SWTags),
    "stats": row_of("SiteFigure", "A figure of a site.", SiteStats),
}
SiteRow = row_of("Site", "A site.", Site)
WholeSite = schema_of(
    "WholeSite", "A site or a PanDA queue with all that belongs to it.",
    site=SiteRow | None,
    **{key: list[row] for key, row in SITE_PARTS.items()},  # type: ignore[valid-type]
)  # fmt: skip
ChangeRow = row_of("SiteChange", "A change of a row by a load.", SiteChange)
ChangePage = schema_of(
    "SiteChangePage", "A page of changes, the newest first.",
    changes=list[ChangeRow],  # type: ignore[valid-type]
    next=BEFORE,
)  # fmt: skip
InstanceRow = row_of("HarvesterInstance", "A Harvester that has registered.", HarvesterInstances)
PilotRow = row_of(
    "HarvesterWorker", "A worker of Harvester.", HarvesterWorkers, pandaids=(list[int], "Its jobs")
)
PilotPage = schema_of(
    "HarvesterWorkerPage", "A page of workers, the largest numbers first.",
    workers=list[PilotRow],  # type: ignore[valid-type]
    next=BEFORE,
)  # fmt: skip
HarvesterState = schema_of(
    "HarvesterState", "A Harvester with the numbers of its workers.",
    harvester=str,
    instance=(InstanceRow | None, "Null if it has not registered"),
    counts=(dict[str, dict[str, int]], "Workers by queue and state"),
    commands=(dict[str, int], "Commands by state"),
    states=(dict[str, int], "Workers by state"),
)  # fmt: skip
ShareRow = schema_of(
    "Share", "A share with its computing power in HS06.",
    name=str, parent=str | None, value=(Any, "Its part of what its parent has"),
    percent=(Any, "Its part of all"), executing=float, queued=float, target=float,
)  # fmt: skip
JobCount = create_model(
    "JobCount", __doc__="A combination of values of the columns in `by`, which are further keys.",
    __config__=ConfigDict(extra="allow"), jobs=(int, Field(description="Jobs with these values")),
)  # fmt: skip


def several(kind: type[Any]) -> Any:
    """Return the schema of a list."""
    return list[kind]  # type: ignore[valid-type]
