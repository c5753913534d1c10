"""A filter of jobs as one value: filters are combined by `&`, `|` and `~`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import ColumnElement, literal, select, union_all
from sqlalchemy.dialects import postgresql

from pandadb.core.jobs import states
from pandadb.core.jobs.search.filters import Filter, conditions, error_columns, places
from pandadb.core.jobs.search.job_filters.control_criteria import (
    HasMetadata,
    HasPublicId,
    HasWorker,
    InGroup,
    IsControlled,
    IsLeased,
)
from pandadb.core.jobs.search.job_filters.criteria import (
    EVERYTHING,
    NOTHING,
    AllOf,
    AnyOf,
    ChangedWithin,
    Criterion,
    HasError,
    HasErrorCode,
    HasId,
    HasOrigin,
    HasValue,
    IsLike,
    NoneOf,
    Where,
    check_expression,
)
from pandadb.core.sql.validation import InvalidValue, check_columns, check_text, ids, shown
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from collections.abc import Iterator


Texts = str | Iterable[str] | None
"""A text or several; with `*`, `?` and `[a-z]` it is a pattern, as in a shell."""
Ids = int | Iterable[int] | None
TEXT_COLUMNS = {
    "name": "jobname",
    "owner": "produsername",
    "queue": "computingsite",
    "label": "prodsourcelabel",
}
"""The conditions on text, each with the column of jobs that it is on."""
CONTROL_TEXTS: dict[str, Callable[[tuple[str, ...]], Criterion]] = {
    "public_ids": HasPublicId,
    "groups": InGroup,
    "worker": HasWorker,
}
"""The conditions on text of the control row or the lease of a job."""
CONTROL_FLAGS: dict[str, Callable[[bool], Criterion]] = {
    "leased": IsLeased,
    "held": partial(IsControlled, held_only=True),
    "controlled": IsControlled,
}
"""The conditions that a job of the job queue meets or does not."""


@dataclass(frozen=True, init=False)
class JobFilter:
    """Jobs that meet all conditions; None is no condition. `a & b`, `a | b` and `~a` are filters.

    A condition with several values is met by each of them.

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
        worker: Texts = None,
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
        of_queue = {"public_ids": public_ids, "groups": groups, "worker": worker}
        parts = (
            *_of_ids({"pandaid": pandaids, "jeditaskid": tasks}, origin),
            *_of_states(status),
            *(_of_text(word, given) for word, given in texts.items() if given is not None),
            *_of_time(since, until),
            *_of_errors(error, error_code),
            *_of_control(of_queue, flags),
            *([HasMetadata.of(metadata)] if metadata else []),
            *(_of_column(column, given) for column, given in columns.items()),
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
        chosen = self.to_filter()
        parts = [
            select(literal(job.__tablename__).label("table"), job.pandaid).where(
                *conditions(chosen, job)
            )
            for job in places(chosen)
        ]
        if not parts:
            return "SELECT NULL WHERE false"
        query = union_all(*parts) if len(parts) > 1 else parts[0]
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


AnyFilter = Filter | JobFilter


def as_filter(chosen: AnyFilter) -> Filter:
    """Return a filter of either kind as the kind that is searched by."""
    return chosen if isinstance(chosen, Filter) else chosen.to_filter()


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


def _of_ids(given: Mapping[str, Ids], origin: Ids) -> Iterator[Criterion]:
    for column, values in given.items():
        if values is not None:
            yield HasId(column, tuple(ids(values, column)))
    if origin is not None:
        yield HasOrigin(tuple(ids(origin, "origin")))


def _of_states(status: Texts) -> Iterator[Criterion]:
    if status is None:
        return
    names = _several(status)
    for name in names:
        states.JOBS.state(name)
    yield HasValue("jobstatus", names)


def _of_text(word: str, given: Texts) -> Criterion:
    return IsLike(TEXT_COLUMNS[word], _texts(word, given))


def _of_time(since: datetime | None, until: datetime | None) -> Iterator[Criterion]:
    for word, moment in (("since", since), ("until", until)):
        if moment is not None:
            _check_moment(word, moment)
    if since is not None or until is not None:
        yield ChangedWithin(since, until)


def _check_moment(word: str, moment: Any) -> None:
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        raise InvalidValue(f"{word} has to be a time, naive UTC, not {shown(moment)}")


def _of_errors(error: str | None, error_code: str | int | None) -> Iterator[Criterion]:
    if error is not None:
        check_text("error", error)
        yield HasError(error)
    if error_code is not None:
        error_columns(error_code)
        yield HasErrorCode(str(error_code))


def _of_control(
    texts: Mapping[str, Texts], flags: Mapping[str, bool | None]
) -> Iterator[Criterion]:
    for word, given in texts.items():
        if given is not None:
            yield CONTROL_TEXTS[word](_texts(word, given))
    for word, flag in flags.items():
        if flag is not None:
            if not isinstance(flag, bool):
                raise InvalidValue(f"{word} has to be True or False, not {shown(flag)}")
            yield CONTROL_FLAGS[word](flag)


def _texts(word: str, given: Texts) -> tuple[str, ...]:
    texts = _several(given)
    for text in texts:
        check_text(word, text)
    return texts


def _of_column(name: str, given: Any) -> Criterion:
    """Return the criterion of any column: one value, or several; None is NULL."""
    values = _several(given)
    for value in values:
        if value is not None or name not in JobsActive4.__table__.c:
            check_columns(JobsActive4, {name: value})
    return HasValue(name, values)


def _several(given: Any) -> tuple[Any, ...]:
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        return tuple(given)
    return (given,)
