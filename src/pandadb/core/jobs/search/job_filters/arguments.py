"""The arguments of a filter as criteria, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs import states
from pandadb.core.jobs.search.filters import error_columns
from pandadb.core.jobs.search.job_filters.control_criteria import (
    HasNextQueue,
    HasProcess,
    HasPublicId,
    HasWorker,
    InGroup,
    IsControlled,
    IsLeased,
)
from pandadb.core.jobs.search.job_filters.criteria import (
    ChangedWithin,
    Criterion,
    HasError,
    HasErrorCode,
    HasId,
    HasOrigin,
    HasValue,
    IsLike,
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
    "next_queue": HasNextQueue,
    "worker": HasWorker,
    "process": HasProcess,
}
"""The conditions on text of the control row or the lease of a job."""
CONTROL_FLAGS: dict[str, Callable[[bool], Criterion]] = {
    "leased": IsLeased,
    "held": partial(IsControlled, held_only=True),
    "controlled": IsControlled,
}
"""The conditions that a job of the job queue meets or does not."""


def of_ids(given: Mapping[str, Ids], origin: Ids) -> Iterator[Criterion]:
    """Yield the criteria of PandaIDs, tasks and origins."""
    for column, values in given.items():
        if values is not None:
            yield HasId(column, tuple(ids(values, column)))
    if origin is not None:
        yield HasOrigin(tuple(ids(origin, "origin")))


def of_states(status: Texts) -> Iterator[Criterion]:
    """Yield the criterion of states, if there are any."""
    if status is None:
        return
    names = _several(status)
    for name in names:
        states.JOBS.state(name)
    yield HasValue("jobstatus", names)


def of_text(word: str, given: Texts) -> Criterion:
    """Return the criterion of patterns for a column."""
    return IsLike(TEXT_COLUMNS[word], _texts(word, given))


def of_time(since: datetime | None, until: datetime | None) -> Iterator[Criterion]:
    """Yield the criterion of a time, naive UTC, if there is any."""
    for word, moment in (("since", since), ("until", until)):
        if moment is not None:
            _check_moment(word, moment)
    if since is not None or until is not None:
        yield ChangedWithin(since, until)


def _check_moment(word: str, moment: Any) -> None:
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        raise InvalidValue(f"{word} has to be a time, naive UTC, not {shown(moment)}")


def of_errors(error: str | None, error_code: str | int | None) -> Iterator[Criterion]:
    """Yield the criteria of an error text and an error code."""
    if error is not None:
        check_text("error", error)
        yield HasError(error)
    if error_code is not None:
        error_columns(error_code)
        yield HasErrorCode(str(error_code))


def of_control(texts: Mapping[str, Texts], flags: Mapping[str, bool | None]) -> Iterator[Criterion]:
    """Yield the criteria of control rows and leases."""
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


def of_column(name: str, given: Any) -> Criterion:
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
