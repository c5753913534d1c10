"""What a transition does to a column, and what has to be true of a job: in words and in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from pandadb.models.types import EPOCH, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Columns = ReadOnlyColumnCollection[str, Any]
"""The columns of a job, by name, in whichever table it is."""

TESTS = ("ptest", "rc_test", "rc_test2", "rc_alrb")
"""Labels of jobs that are tests of pilots."""
AT_SITE, FIXED, THROTTLED = 1, 2, 3
"""Values of `relocationflag`: the site was given, it must not be reassigned, its user is held back.
"""
COMMAND = "tobekilled"
"""What `commandtopilot` says to the pilot of a running job, at its next heartbeat."""


@dataclass(frozen=True)
class Effect:
    """The new value of a column, given the job as it was."""

    words: str
    of: Callable[[Columns, str], Any]


@dataclass(frozen=True)
class Guard:
    """What has to be true of a job beside its state."""

    words: str
    of: Callable[[Columns], ColumnElement[bool]]
    otherwise: str
    """What to say of a job of which it is not."""


def now() -> ColumnElement[Any]:
    """Return the time (UTC) at which the statement began, by the database's clock."""
    return literal_column("(statement_timestamp() AT TIME ZONE 'UTC')", Timestamp())


def moment() -> ColumnElement[Any]:
    """Return the time (UTC) at which all jobs of a move were locked; only `routes` knows it.

    Who has waited for a lock comes after the one it has waited for: so the status log is in order.
    """
    return literal_column('(SELECT "at" FROM "moment")', Timestamp())


def constant(word: str) -> ColumnElement[Any]:
    """Return one of our own words as part of the statement: the planner sees it."""
    return literal_column(f"'{word}'", String())


def constants(words: Iterable[str | int]) -> list[ColumnElement[Any]]:
    """Return some of our own words or numbers as parts of the statement."""
    return [constant(w) if isinstance(w, str) else literal_column(str(w)) for w in words]


def value(given: str | int) -> Effect:
    """Set the column to one value."""
    return Effect(str(given), lambda _job, _column: literal(given))


def at_least(given: int) -> Effect:
    """Raise the column to a value if it is lower."""
    return Effect(f"{given} if lower", lambda job, column: func.greatest(job[column], given))


def when(condition: Guard, effect: Effect) -> Effect:
    """Do something to the column of those jobs of which the condition is true."""
    return Effect(
        f"{effect.words}, if {condition.words}",
        lambda job, column: case((condition.of(job), effect.of(job, column)), else_=job[column]),
    )


def states(*names: str) -> Guard:
    """Be in one of the states."""
    return Guard(
        f"it was {' or '.join(names)}",
        lambda job: job["jobstatus"].in_(constants(names)),
        f"it is not {' or '.join(names)}",
    )


def _is_unset(time: Any) -> ColumnElement[bool]:
    return or_(time.is_(None), time == EPOCH)


NOW = Effect("now", lambda _job, _column: moment())
NULL = Effect("NULL", lambda _job, _column: null())
NEXT = Effect("+ 1", lambda job, column: job[column] + 1)
LOWER = Effect("- 10", lambda job, column: job[column] - 10)
WITHOUT_POOL = Effect(
    "without localpool",
    lambda job, column: func.nullif(
        func.regexp_replace(job[column], constant(",*localpool"), constant(""), constant("g")),
        constant(""),
    ),
)
UNLESS_SET = Effect(
    "now, unless it is set",
    lambda job, column: case((_is_unset(job[column]), moment()), else_=job[column]),
)
"""PanDA leaves times that are not set NULL or at 1970-01-01."""

UNKILLED = Guard(
    "commandtopilot is NULL",
    lambda job: job["commandtopilot"].is_(None),
    "it is to be killed",
)
UNTOLD = Guard(
    f"commandtopilot is not {COMMAND}",
    lambda job: func.coalesce(job["commandtopilot"], "") != constant(COMMAND),
    "it is to be killed",
)
RECOVERED = Guard(
    "jobdispatchererrordiag is not empty",
    lambda job: func.coalesce(job["jobdispatchererrordiag"], "") != "",
    "its outputs are on their way",
)
PRODUCTION = Guard(
    "prodsourcelabel is not user or panda",
    lambda job: func.coalesce(job["prodsourcelabel"], "").not_in(constants(("user", "panda"))),
    "it is a user's",
)
UNBOUND = Guard(
    f"{PRODUCTION.words} and relocationflag is not 1 or 2",
    lambda job: (
        PRODUCTION.of(job)
        & func.coalesce(job["relocationflag"], 0).not_in(constants((AT_SITE, FIXED)))
    ),
    "it has to stay at its site",
)
PILOT_FAILED = Guard(
    "its pilot failed (a negative piloterrorcode), it is a user's or a pilot's test, has an attempt"
    " left and is not of HammerCloud",
    lambda job: and_(
        job["piloterrorcode"] < 0,
        job["prodsourcelabel"].in_(constants(("user", "panda", *TESTS))),
        job["maxattempt"] > job["attemptnr"],
        not_(_is_functional_test(func.coalesce(job["processingtype"], ""))),
    ),
    "its pilot has not failed",
)
POOLED = Guard(
    "specialhandling has localpool",
    lambda job: job["specialhandling"].contains(constant("localpool")),
    "it has no localpool",
)


MOVABLE = Guard(
    f"relocationflag is not {FIXED}",
    lambda job: func.coalesce(job["relocationflag"], 0) != FIXED,
    "it must not be reassigned",
)
HELD_BACK = Guard(
    f"relocationflag is {THROTTLED}",
    lambda job: func.coalesce(job["relocationflag"], 0) == THROTTLED,
    "it is not held back for its user",
)


def _is_functional_test(processingtype: Any) -> ColumnElement[bool]:
    return or_(
        processingtype.startswith(constant("hammercloud")),
        and_(
            processingtype.startswith(constant("gangarobot")),
            processingtype != constant("gangarobot-rctest"),
        ),
    )
