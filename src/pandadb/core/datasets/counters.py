"""Counters of JEDI_DATASETS, each with its definition by the files that it counts (4.1, 4.2).

Where the files alone do not give the value, a counter has a range: files of scouts are released
first, for instance, and a finish command may give up files that were never released; a missing file
counts until its dataset is fed again; the files of outputs are counted when their task ends, if
they were not before. A value outside the range is wrong, and the nearest one inside is right. Any
number of the running files can be on hold: their jobs know. Counters without a definition are left
alone: `neventstobeused` (no agent keeps it) and those of unmerged datasets (set at once when all
jobs that write into them have ended).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Double, and_, case, cast, func, literal, or_

from pandadb.core.datasets import dataset_types
from pandadb.models import JediDatasetContents

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement

    from pandadb.core.statemachine.effects import Columns

FILE = JediDatasetContents.__table__.c
INPUTS, OUTPUTS, UNMERGED = dataset_types.READ, dataset_types.PRODUCED, dataset_types.MERGED


@dataclass(frozen=True)
class Counted:
    """The share of a counter of the files of a dataset in one state."""

    words: str
    amount: Callable[[Columns], ColumnElement[Any]]
    """The number, of a row with `status` and the measures of `measures_of`."""

    def of(self, states: Columns) -> ColumnElement[int]:
        """Return the number as an aggregate over the states of files."""
        return func.coalesce(func.sum(self.amount(states)), 0)


@dataclass(frozen=True)
class CounterDefinition:
    """A counter of datasets of some types: its value, or the least and the most that is right."""

    counter: str
    types: tuple[str, ...]
    least: Counted
    most: Counted

    @property
    def words(self) -> str:
        """The definition in words."""
        if self.least is self.most:
            return self.most.words
        return f"at least {self.least.words}, at most {self.most.words}"


def _in(*statuses: str, measure: str = "number") -> Callable[[Columns], ColumnElement[Any]]:
    return lambda one: case((one["status"].in_(statuses), one[measure]), else_=0)


def _not_in(*statuses: str, measure: str = "number") -> Callable[[Columns], ColumnElement[Any]]:
    return lambda one: case((one["status"].in_(statuses), 0), else_=one[measure])


def _used(one: Columns) -> ColumnElement[Any]:
    """Count picked files and those beyond that; of ready ones those without attempts left."""
    status = one["status"]
    return case(
        (status.in_(("pending", "staging", *LOST)), 0),
        (status == "ready", one["spent"]),
        else_=one["number"],
    )


def _picked(one: Columns) -> ColumnElement[Any]:
    return _not_in("pending", "staging", "ready", *LOST)(one)


def _spent(one: Columns) -> ColumnElement[Any]:
    status = one["status"]
    ended = status.in_(("failed", "cancelled"))
    return case((status == "ready", one["spent"]), (ended, one["number"]), else_=0)


def _missing(one: Columns) -> ColumnElement[Any]:
    return _in("missing")(one)


LOST = ("lost", "missing")
NONE = Counted("none", lambda _one: literal(0))
RUNNING = Counted("running files", _in("running"))
EVERY = Counted("all files", lambda one: one["number"])
FINISHED = Counted("finished files", _in("finished"))
FAILED = Counted("failed and cancelled files", _in("failed", "cancelled"))
THERE = Counted("files that are not lost", _not_in("lost"))
RELEASABLE = Counted("files that are not lost, missing or pending", _not_in(*LOST, "pending"))
RELEASED = Counted(
    "files that are not lost, pending or staging", _not_in("lost", "pending", "staging")
)
TAKEN = Counted(
    "picked files, those beyond that, and those without attempts left, but for those that wait for"
    " a co-jumbo job",
    lambda one: _used(one) - _in("picked", measure="waiting")(one),
)
PICKED = Counted(
    "picked files and those beyond that, but for those that wait for a co-jumbo job",
    lambda one: _picked(one) - _in("picked", measure="waiting")(one),
)
USED_OR_MISSING = Counted(
    "picked files, those beyond that, those without attempts left, and missing ones",
    lambda one: _used(one) + _missing(one),
)
SPENT = Counted("files without attempts left", _spent)
SPENT_OR_MISSING = Counted(
    "files without attempts left, and missing ones", lambda one: _spent(one) + _missing(one)
)
WAITING = Counted("files that wait for a co-jumbo job", lambda one: one["waiting"])
ONLY_LOST = Counted("lost files", _in("lost"))
LOST_OR_MISSING = Counted("lost and missing files", _in(*LOST))
EVENTS_OF_FINISHED = Counted("events of finished files", _in("finished", measure="events"))
EVENTS_THERE = Counted("events of files that are not lost", _not_in("lost", measure="events"))
EVENTS_NOT_MISSING = Counted(
    "events of files that are not lost or missing", _not_in(*LOST, measure="events")
)

COUNTERS = (
    CounterDefinition("nfiles", INPUTS, RELEASABLE, THERE),
    CounterDefinition("nfilestobeused", INPUTS, PICKED, RELEASED),
    CounterDefinition("nfilesused", INPUTS, TAKEN, USED_OR_MISSING),
    CounterDefinition("nfilesfinished", (*INPUTS, *OUTPUTS, *UNMERGED), FINISHED, FINISHED),
    CounterDefinition("nfilesfailed", INPUTS, SPENT, SPENT_OR_MISSING),
    CounterDefinition("nfilesonhold", INPUTS, NONE, RUNNING),
    CounterDefinition("nfileswaiting", INPUTS, WAITING, WAITING),
    CounterDefinition("nfilesmissing", INPUTS, ONLY_LOST, LOST_OR_MISSING),
    CounterDefinition("nevents", INPUTS, EVENTS_NOT_MISSING, EVENTS_THERE),
    CounterDefinition("neventsused", INPUTS, EVENTS_OF_FINISHED, EVENTS_OF_FINISHED),
    CounterDefinition("nfiles", OUTPUTS, NONE, EVERY),
    CounterDefinition("nfilesfailed", OUTPUTS, FAILED, FAILED),
    CounterDefinition("nevents", OUTPUTS, EVENTS_OF_FINISHED, EVENTS_OF_FINISHED),
)
"""Definitions; a type of datasets has at most one for each counter."""
NAMES = tuple(dict.fromkeys(one.counter for one in COUNTERS))
"""Counters that have a definition."""


def measures_of(file: Columns) -> dict[str, ColumnElement[Any]]:
    """Return the measures of the files of a dataset in one state, as aggregates.

    Events are added up as floating-point numbers, exact up to 2^53: for a sum of bigint PostgreSQL
    expects so much memory for each group that it sorts all files instead of hashing them.
    """
    attempts, failures = (
        file[done] >= file[most]
        for done, most in (("attemptnr", "maxattempt"), ("failedattempt", "maxfailure"))
    )
    spent = and_(file["status"] == "ready", or_(attempts, failures))
    return {
        "number": func.count(),
        "spent": func.count().filter(spent),
        "waiting": func.count(file["is_waiting"]),
        "events": cast(func.sum(cast(events_of(file), Double)), BigInteger),
    }


def events_of(file: Columns) -> ColumnElement[int]:
    """Return the events of a file that count: those of its range, else all."""
    return case(
        (file["endevent"].is_not(None), file["endevent"] - file["startevent"] + 1),
        else_=func.coalesce(file["nevents"], 0),
    )
