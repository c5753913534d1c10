"""Ranges of events found: a page of those that match a filter, numbers by state, those of jobs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import BigInteger, and_, cast, func, select, tuple_

from pandadb.core.events.range_ids import RangeID
from pandadb.core.events.states import KEY, EventStatus
from pandadb.core.events.takes.take_statement import is_free
from pandadb.core.sql import id_arrays
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import (
    InvalidValue,
    check_columns,
    check_number,
    near,
    shown,
    words,
)
from pandadb.models import JediEvents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

EVENT = JediEvents.__table__.c
WORDS = {status.word: status for status in EventStatus}
IDS = ("jeditaskid", "pandaid", "fileid")
MAX_PAGE = 100_000
PLACE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-([0-9]{1,18})-(-?[0-9]{1,18})(?:-[0-9]{1,4})?")


@dataclass(frozen=True)
class RangeFilter:
    """Conditions on ranges; None matches all.

    Raises:
        InvalidValue: No state has that name, or a value does not fit its column.
    """

    status: str | Sequence[str] | None = None
    """A state, or several: ready, sent, finished …"""
    jeditaskid: int | None = None
    pandaid: int | None = None
    """The job that has them, or the job set."""
    fileid: int | None = None

    def __post_init__(self) -> None:
        for word in words(self.status or ()):
            if word not in WORDS:
                raise InvalidValue(f"no range of events is {shown(word)}{near(word, WORDS)}")
        given = {name: getattr(self, name) for name in IDS}
        check_columns(JediEvents, {name: one for name, one in given.items() if one is not None})

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions."""
        if self.status:
            yield EVENT.status.in_([WORDS[word].value for word in words(self.status)])
        for name in IDS:
            if (given := getattr(self, name)) is not None:
                yield EVENT[name] == given


@dataclass(frozen=True)
class RangePage:
    """Some ranges, in the order of task, job, file and events."""

    ranges: list[dict[str, Any]]
    """Their columns, with `id` as pilots have it and `state`, the word for `status`."""
    next: str | None
    """The range to give as `after` for the next page; None if this is the last."""


@dataclass(frozen=True)
class RangeCounts:
    """Numbers of ranges."""

    states: dict[str, int]
    """By state; states without ranges are left out."""
    free: int
    """Those that can be taken: ready, with attempts left."""


class RangeState(NamedTuple):
    """The state of a range, as the API of PanDA's server has it."""

    status: str
    error: int | None
    dialog: str | None


def find(
    session: Transaction, chosen: RangeFilter, *, limit: int, after: str | None = None
) -> RangePage:
    """Return a page of the ranges that match (keyset pagination).

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or `after` is no range.
    """
    check_number("limit", limit, 1, MAX_PAGE)
    conditions = [*chosen.conditions()]
    if after is not None:
        place = (cast(number, BigInteger) for number in _place(after))
        conditions.append(tuple_(*(EVENT[name] for name in KEY)) > tuple_(*place))
    rows = connection_of(session).execute(
        select(JediEvents.__table__)
        .where(*conditions)
        .order_by(*(EVENT[name] for name in KEY))
        .limit(limit + 1)
    )
    found = [_shown(dict(row)) for row in rows.mappings()]
    return RangePage(found[:limit], found[limit - 1]["id"] if found[limit:] else None)


def _place(after: Any) -> list[int]:
    found = PLACE.fullmatch(after) if isinstance(after, str) else None
    if found is None:
        raise InvalidValue(f"after has to be the id of a range, not {shown(after)}")
    return [*map(int, found.groups())]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    task, job, file, number = (row[name] for name in KEY)
    range_id = RangeID(task, job, file, number, row["attemptnr"] or 0)
    return {"id": str(range_id), "state": _word(row["status"]), **row}


def _word(status: int) -> str:
    """Return the word for a state; a number that has none is its own."""
    known = {one.value: one.word for one in EventStatus}
    return known.get(status, str(status))


def count(session: Transaction, chosen: RangeFilter) -> RangeCounts:
    """Count the ranges that match, by state."""
    rows = session.execute(
        select(EVENT.status, func.count(), func.count().filter(is_free(EVENT)))
        .where(*chosen.conditions())
        .group_by(EVENT.status)
        .order_by(EVENT.status)
    ).all()
    states = {_word(status): number for status, number, _ in rows}
    return RangeCounts(states, sum(free for _, _, free in rows))


def states(
    session: Transaction, jobs: Iterable[tuple[int, int]]
) -> dict[int, dict[str, RangeState]]:
    """Return the states of all ranges of jobs (task, PandaID), by the ids of the ranges."""
    pairs = [*dict.fromkeys(jobs)]
    found: dict[int, dict[str, RangeState]] = {pandaid: {} for _, pandaid in pairs}
    if not pairs:
        return found
    tasks, pandaids = zip(*pairs, strict=True)
    for row in session.execute(_of_jobs(), {"tasks": [*tasks], "pandaids": [*pandaids]}):
        task, job, file, number, attemptnr, status, code, diag = row
        range_id = RangeID(task, job, file, number, attemptnr or 0)
        found[range_id.pandaid][str(range_id)] = RangeState(_word(status), code, diag)
    return found


@cache
def _of_jobs() -> Select[Any]:
    arrays = {"jeditaskid": id_arrays.array("tasks"), "pandaid": id_arrays.array("pandaids")}
    given = id_arrays.unnested("given", **arrays).c
    key = [EVENT[name] for name in KEY]
    is_of = and_(EVENT.jeditaskid == given.jeditaskid, EVENT.pandaid == given.pandaid)
    return (
        select(*key, EVENT.attemptnr, EVENT.status, EVENT.error_code, EVENT.error_diag)
        .join(given.pandaid.table, is_of)
        .order_by(*key)
    )
