"""Counters of JEDI_DATASETS, each with its definition by the files that it counts (4.1, 4.2).

A counter of which the files alone do not give the value has a range: files of scouts are released
first, for instance, and a missing file counts until its dataset is fed again. A value outside of it
is wrong, and the nearest one inside is right. Counters that no definition names are left alone:
`neventstobeused`, which no agent keeps, and those of unmerged datasets, which are set at once when
all jobs that write into them have ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, not_, or_, true

from pandadb.models import JediDatasetContents

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement

    from pandadb.core.statemachine.effects import Columns

    Condition = Callable[[Columns], ColumnElement[bool]]
    """Whether files of a class count."""

FILE = JediDatasetContents.__table__.c
INPUTS = ("input", "pseudo_input", "pp_input")
OUTPUTS = ("output", "log")
UNMERGED = ("trn_output", "trn_log")
CLASS = ("status", "spent", "waiting")
"""What files are classed by: state, whether attempts are left, whether a co-jumbo job waits."""


@dataclass(frozen=True)
class Counted:
    """Files of a dataset that a counter counts; or the events of these."""

    words: str
    files: Condition
    events: bool = False

    def of(self, classes: Columns) -> ColumnElement[int]:
        """Return the number as an aggregate over classes of files."""
        number = classes["events" if self.events else "number"]
        return func.coalesce(func.sum(case((self.files(classes), number), else_=0)), 0)


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


def _in(*statuses: str) -> Condition:
    return lambda one: one["status"].in_(statuses)


def _is_used(one: Columns) -> ColumnElement[bool]:
    unused = or_(
        one["status"].in_(("pending", "staging", "lost", "missing")),
        and_(one["status"] == "ready", not_(one["spent"])),
    )
    return not_(unused)


LOST = ("lost", "missing")
EVERY = Counted("all files", lambda _one: true())
FINISHED = Counted("finished files", _in("finished"))
FAILED = Counted("failed and cancelled files", _in("failed", "cancelled"))
THERE = Counted("files that are not lost", lambda one: one["status"] != "lost")
RELEASABLE = Counted(
    "files that are not lost, missing or pending",
    lambda one: not_(one["status"].in_((*LOST, "pending"))),
)
RELEASED = Counted(
    "files that are not lost, pending or staging",
    lambda one: not_(one["status"].in_(("lost", "pending", "staging"))),
)
USED = Counted("picked files, those beyond that, and those without attempts left", _is_used)
TAKEN = Counted("files that count as used, without those that wait for a co-jumbo job",
    lambda one: and_(_is_used(one), not_(one["waiting"])))  # fmt: skip
USED_OR_MISSING = Counted(
    "files that count as used, and missing ones",
    lambda one: or_(_is_used(one), one["status"] == "missing"),
)
SPENT = Counted(
    "files without attempts left",
    lambda one: or_(one["spent"], one["status"].in_(("failed", "cancelled"))),
)
SPENT_OR_MISSING = Counted(
    "files without attempts left, and missing ones",
    lambda one: or_(one["spent"], one["status"].in_(("failed", "cancelled", "missing"))),
)
WAITING = Counted("files that wait for a co-jumbo job", lambda one: one["waiting"])
ONLY_LOST = Counted("lost files", _in("lost"))
LOST_OR_MISSING = Counted("lost and missing files", _in(*LOST))
EVENTS_OF_FINISHED = Counted("events of finished files", _in("finished"), events=True)
EVENTS_THERE = Counted(
    "events of files that are not lost", lambda one: one["status"] != "lost", events=True
)
EVENTS_NOT_MISSING = Counted(
    "events of files that are not lost or missing",
    lambda one: not_(one["status"].in_(LOST)),
    events=True,
)

COUNTERS = (
    CounterDefinition("nfiles", INPUTS, RELEASABLE, THERE),
    CounterDefinition("nfilestobeused", INPUTS, TAKEN, RELEASED),
    CounterDefinition("nfilesused", INPUTS, TAKEN, USED_OR_MISSING),
    CounterDefinition("nfilesfinished", (*INPUTS, *OUTPUTS, *UNMERGED), FINISHED, FINISHED),
    CounterDefinition("nfilesfailed", INPUTS, SPENT, SPENT_OR_MISSING),
    CounterDefinition("nfileswaiting", INPUTS, WAITING, WAITING),
    CounterDefinition("nfilesmissing", INPUTS, ONLY_LOST, LOST_OR_MISSING),
    CounterDefinition("nevents", INPUTS, EVENTS_NOT_MISSING, EVENTS_THERE),
    CounterDefinition("neventsused", INPUTS, EVENTS_OF_FINISHED, EVENTS_OF_FINISHED),
    CounterDefinition("nfiles", OUTPUTS, FINISHED, EVERY),
    CounterDefinition("nfilesfailed", OUTPUTS, FAILED, FAILED),
    CounterDefinition("nevents", OUTPUTS, EVENTS_OF_FINISHED, EVENTS_OF_FINISHED),
)
"""Definitions; a type of datasets has at most one for each counter."""
NAMES = tuple(dict.fromkeys(one.counter for one in COUNTERS))
"""Counters that have a definition."""


def classes_of(file: Columns) -> dict[str, ColumnElement[Any]]:
    """Return the expressions by which files are classed."""
    attempts = and_(file["maxattempt"].is_not(None), file["attemptnr"] >= file["maxattempt"])
    failures = and_(file["maxfailure"].is_not(None), file["failedattempt"] >= file["maxfailure"])
    spent = and_(file["status"] == "ready", or_(attempts, failures))
    return {
        "status": file["status"],
        "spent": func.coalesce(spent, False),
        "waiting": file["is_waiting"].is_not(None),
    }


def events_of(file: Columns) -> ColumnElement[int]:
    """Return the events of a file that count: those of its range, else all."""
    return case(
        (file["endevent"].is_not(None), file["endevent"] - file["startevent"] + 1),
        else_=func.coalesce(file["nevents"], 0),
    )
