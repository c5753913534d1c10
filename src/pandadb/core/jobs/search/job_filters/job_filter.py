"""A filter of jobs as one value: filters are combined by `&`, `|` and `~`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import ColumnElement, literal, select, union_all
from sqlalchemy.dialects import postgresql

from pandadb.core.jobs.search.filters import Filter, conditions, places
from pandadb.core.jobs.search.job_filters import arguments
from pandadb.core.jobs.search.job_filters.control_criteria import HasMetadata
from pandadb.core.jobs.search.job_filters.criteria import (
    EVERYTHING,
    NOTHING,
    AllOf,
    AnyOf,
    Criterion,
    HasId,
    HasValue,
    NoneOf,
    Where,
    check_expression,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from pandadb.core.jobs.search.job_filters.arguments import Ids, Texts


@dataclass(frozen=True, init=False)
class JobFilter:
    """Jobs that meet all conditions; None is no condition. `a & b`, `a | b` and `~a` are filters.

    Of several values of a condition, a job has one. Texts are patterns as of a shell.

    Raises:
        UnknownState: There is no such state.
        InvalidValue: A value does not fit its column; or there is no such column or component.
    """

    criterion: Criterion
    archived: bool
    """Whether the archive is searched, too."""

    def __init__(
        self,
        *,
        pandaids: Ids = None,
        public_ids: Texts = None,
        tasks: Ids = None,
        origin: Ids = None,
        status: Texts = None,
        groups: Texts = None,
        name: Texts = None,
        owner: Texts = None,
        queue: Texts = None,
        next_queue: Texts = None,
        worker: Texts = None,
        process: Texts = None,
        label: Texts = None,
        since: datetime | None = None,
        until: datetime | None = None,
        error: str | None = None,
        error_code: str | int | None = None,
        metadata: Mapping[str, Any] | None = None,
        leased: bool | None = None,
        held: bool | None = None,
        controlled: bool | None = None,
        where: ColumnElement[bool] | None = None,
        archived: bool = False,
        **columns: Any,
    ) -> None:
        texts = {"name": name, "owner": owner, "queue": queue, "label": label}
        flags = {"leased": leased, "held": held, "controlled": controlled}
        of_queue = {
            "public_ids": public_ids,
            "groups": groups,
            "next_queue": next_queue,
            "worker": worker,
            "process": process,
        }
        parts = (
            *arguments.of_ids({"pandaid": pandaids, "jeditaskid": tasks}, origin),
            *arguments.of_states(status),
            *(arguments.of_text(word, given) for word, given in texts.items() if given is not None),
            *arguments.of_time(since, until),
            *arguments.of_errors(error, error_code),
            *arguments.of_control(of_queue, flags),
            *([HasMetadata.of(metadata)] if metadata else []),
            *(arguments.of_column(column, given) for column, given in columns.items()),
            *(() if where is None else (Where(check_expression(where)),)),
        )
        object.__setattr__(self, "criterion", _all_of(parts))
        object.__setattr__(self, "archived", bool(archived))

    def __and__(self, other: Self) -> Self:
        """Return the filter of jobs that match both."""
        return self._with(_all_of((self.criterion, other.criterion)), other)

    def __or__(self, other: Self) -> Self:
        """Return the filter of jobs that match one of them or both."""
        return self._with(_any_of((self.criterion, other.criterion)), other)

    def __invert__(self) -> Self:
        """Return the filter of jobs that do not match, of the same tables."""
        return self._with(_none_of(self.criterion), self)

    def _with(self, criterion: Criterion, other: Self) -> Self:
        made = object.__new__(type(self))
        object.__setattr__(made, "criterion", criterion)
        object.__setattr__(made, "archived", self.archived or other.archived)
        return made

    @property
    def is_unconditional(self) -> bool:
        """Whether every job matches."""
        return self.criterion == EVERYTHING

    def to_filter(self) -> Filter:
        """Return the filter with PandaIDs and states apart, which decide where to look."""
        parts = self.criterion.parts if isinstance(self.criterion, AllOf) else (self.criterion,)
        named = [part for part in parts if isinstance(part, HasId) and part.column == "pandaid"]
        stated = [
            part for part in parts if isinstance(part, HasValue) and part.column == "jobstatus"
        ]
        rest = tuple(part for part in parts if part not in (*named, *stated))
        return Filter(
            pandaids=_common(part.ids for part in named),
            jobstatus=_common(part.values for part in stated),
            criterion=None if not rest else rest[0] if len(rest) == 1 else AllOf(rest),
            archive=self.archived,
        )

    def as_sql(self) -> str:
        """Return the query for the PandaIDs of the jobs, with the table of each."""
        return as_sql(self)


AnyFilter = Filter | JobFilter


def as_filter(chosen: AnyFilter) -> Filter:
    """Return a filter of either kind as the kind that is searched by."""
    return chosen if isinstance(chosen, Filter) else chosen.to_filter()


def narrowed(chosen: Filter, by: JobFilter) -> Filter:
    """Return the filter of jobs that match both."""
    if by.is_unconditional:
        return chosen
    parts = by.criterion if chosen.criterion is None else _all_of((chosen.criterion, by.criterion))
    return replace(chosen, criterion=parts, archive=chosen.archive or by.archived)


def as_sql(chosen: AnyFilter) -> str:
    """Return the query for the PandaIDs of the jobs of a filter, with the table of each."""
    where = as_filter(chosen)
    parts = [
        select(literal(job.__tablename__).label("table"), job.pandaid).where(
            *conditions(where, job)
        )
        for job in places(where)
    ]
    if not parts:
        return "SELECT NULL WHERE false"
    query = union_all(*parts) if len(parts) > 1 else parts[0]
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _common(several: Iterable[tuple[Any, ...]]) -> list[Any] | None:
    """Return the values that are in each of several tuples; None if there are none of these."""
    found: list[Any] | None = None
    for values in several:
        found = [*values] if found is None else [value for value in found if value in {*values}]
    return found


def _all_of(parts: Iterable[Criterion]) -> Criterion:
    flat = [one for part in parts for one in (part.parts if isinstance(part, AllOf) else (part,))]
    if NOTHING in flat:
        return NOTHING
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def _any_of(parts: Iterable[Criterion]) -> Criterion:
    flat = [one for part in parts for one in (part.parts if isinstance(part, AnyOf) else (part,))]
    if EVERYTHING in flat:
        return EVERYTHING
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def _none_of(part: Criterion) -> Criterion:
    opposites: dict[bool, Criterion] = {part == EVERYTHING: NOTHING, part == NOTHING: EVERYTHING}
    return opposites.get(True) or (part.part if isinstance(part, NoneOf) else NoneOf(part))
