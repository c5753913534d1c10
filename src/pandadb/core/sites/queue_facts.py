"""Needs of a job and properties of a queue, as expressions of one statement.

A job comes from the table that it is in, a queue from SCHEDCONFIG_JSON, its tags from SW_TAGS. A
value that is no number where a number belongs counts as not set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Numeric,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)

from pandadb.models import SchedconfigJSON, SWTags
from pandadb.models.jobs.all_tables import UNARCHIVED_TABLES

if TYPE_CHECKING:
    from sqlalchemy import CTE, ColumnElement, Subquery

    from pandadb.models.jobs.all_tables import JobTable

COLUMNS = (
    "pandaid", "vo", "prodsourcelabel", "corecount", "minramcount", "minramunit", "maxdiskcount",
    "maxdiskunit", "maxwalltime", "maxcpucount", "atlasrelease", "cmtconfig", "container_name",
)  # fmt: skip
PER_MB = {"GB": 1024, "TB": 1024**2}
PART_OF_MB = {"KB": 1024, "B": 1024**2}
UNIFIED = "ucore"
"""The capability of a queue with slots that jobs share, of any number of cores."""
AUTO = '["AUTO"]'
"""`releases` of a queue with its software in SW_TAGS."""


@dataclass(frozen=True)
class JobFacts:
    """The needs of a job."""

    columns: CTE

    @property
    def cores(self) -> ColumnElement[Any]:
        """Cores; not set is one."""
        given = self.columns.c.corecount
        return case((given > 0, given), else_=literal(1))

    @property
    def memory(self) -> ColumnElement[Any]:
        """Memory of all cores, MB; 0 is unknown."""
        return _in_mb(self.columns.c.minramcount, self.columns.c.minramunit)

    @property
    def disk(self) -> ColumnElement[Any]:
        """Scratch space, MB; 0 is unknown."""
        return _in_mb(self.columns.c.maxdiskcount, self.columns.c.maxdiskunit)

    @property
    def walltime(self) -> ColumnElement[Any]:
        """Wall time, seconds: as expected, else the limit of the processor time by core."""
        cpu_time = func.nullif(self.columns.c.maxcpucount, 0) / self.cores
        return func.coalesce(func.nullif(self.columns.c.maxwalltime, 0), cpu_time)

    @property
    def release(self) -> ColumnElement[Any]:
        """The release without its project, `21.0.15` of `Atlas-21.0.15`; NULL in a container."""
        number = func.regexp_replace(self.columns.c.atlasrelease, "^[^-]*-", "")
        is_inside = _given(self.columns.c.container_name).is_not(None)
        return case((is_inside, None), else_=_given(number))

    @property
    def platform(self) -> ColumnElement[Any]:
        """The platform without constraints on hardware; NULL in a container."""
        is_inside = _given(self.columns.c.container_name).is_not(None)
        plain = func.split_part(self.columns.c.cmtconfig, "@", 1)
        return case((is_inside, None), else_=_given(plain))


@dataclass(frozen=True)
class QueueColumns:
    """The properties of a queue."""

    tags: Subquery

    def text(self, name: str) -> ColumnElement[Any]:
        """Return a field as text; NULL if it is empty."""
        return func.nullif(SchedconfigJSON.data[name].astext, "")

    def number(self, name: str) -> ColumnElement[Any]:
        """Return a field as a number from 0 on; NULL if it is none, or 0: no limit."""
        given = self.text(name)
        is_number = given.regexp_match(r"^[0-9]{1,18}(\.[0-9]{1,18})?$")
        return func.nullif(case((is_number, cast(given, Numeric))), 0)

    @property
    def cores(self) -> ColumnElement[Any]:
        """Cores of a slot; not set is one."""
        return func.coalesce(self.number("corecount"), 1)

    @property
    def is_unified(self) -> ColumnElement[bool]:
        """Whether jobs of any number of cores share a slot."""
        return func.coalesce(self.text("capability") == UNIFIED, literal(False))

    @property
    def software(self) -> ColumnElement[Any]:
        """The texts that name releases and platforms; NULL if the queue restricts none."""
        releases = self.text("releases")
        is_auto = releases == AUTO
        is_any = (releases == "[]") | releases.contains("ANY")
        return case((is_auto, func.coalesce(self.tags.c.data, "")), (is_any, None), else_=releases)

    @property
    def platforms(self) -> ColumnElement[Any]:
        """The tags of a queue with its software in SW_TAGS; NULL if any platform will do."""
        is_any = self.tags.c.data.contains('"any"')
        return case((is_any, None), (self.text("releases") == AUTO, self.tags.c.data))


def job() -> CTE:
    """Return the row of the job of the parameter `pandaid`, from the first table that has it."""
    each = [_columns(table, nth) for nth, table in enumerate(UNARCHIVED_TABLES)]
    rows = union_all(*each).subquery("copies")
    chosen = select(*(rows.c[name] for name in COLUMNS)).order_by(rows.c.nth).limit(1)
    return chosen.cte("job")


def tags() -> Subquery:
    """Return the tags of each queue; SW_TAGS has no key."""
    table = SWTags.__table__.c
    return (
        select(table.panda_queue, func.max(table.data).label("data"))
        .group_by(table.panda_queue)
        .subquery("tags")
    )


def names_one(text: ColumnElement[Any], name: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a text of JSON has a name as one of its texts."""
    return func.strpos(text, cast(func.to_json(cast(name, Text)), Text)) > 0


def _columns(table: JobTable, nth: int) -> Any:
    columns = table.__table__.c
    is_given = columns.pandaid == bindparam("pandaid", type_=BigInteger())
    return select(*(columns[name] for name in COLUMNS), literal(nth).label("nth")).where(is_given)


def _given(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a text; NULL if it is empty, or the server's word NULL."""
    return func.nullif(func.nullif(text, "NULL"), "")


def _in_mb(count: ColumnElement[Any], unit: ColumnElement[Any]) -> ColumnElement[Any]:
    word = func.upper(func.rtrim(unit))
    known = [(word == name, cast(count, Numeric) * factor) for name, factor in PER_MB.items()]
    known += [(word == name, cast(count, Numeric) / part) for name, part in PART_OF_MB.items()]
    return func.coalesce(case(*known, else_=cast(count, Numeric)), 0)
