"""Effects and guards that are rules of jobs, and the constants of PanDA's server behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, not_, or_

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import (
    CLONE,
    EVENT_SERVICE,
    EVENT_SERVICE_MERGE,
    RUN_ONCE,
    Flag,
)
from pandadb.core.sql.expressions import constant, constants
from pandadb.core.statemachine.effects import Effect, Guard

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from pandadb.core.statemachine.effects import Columns

TESTS = ("ptest", "rc_test", "rc_test2", "rc_alrb")
"""Labels of jobs that are tests of pilots."""
AT_SITE, FIXED, THROTTLED = 1, 2, 3
"""Values of `relocationflag`: the site was given, it must not be reassigned, its user is held back.
"""
QUEUED_TIME_PATTERN = r"(?:^|,)tq=([0-9]+(?:[.][0-9]*)?)(?:,|$)"
"""The entry of `specialhandling` with the time, in seconds since 1970, at which the job's task was
queued."""
COMMAND = "tobekilled"
"""The `commandtopilot` that makes the pilot of a running job end it, at its next heartbeat."""


def states(*names: str) -> Guard:
    """Match jobs in one of the states."""
    return Guard(
        f"it was {' or '.join(names)}",
        lambda job: job["jobstatus"].in_(constants(names)),
        f"it is not {' or '.join(names)}",
    )


def has_tag(job: Columns, *tags: str) -> ColumnElement[bool]:
    """Return whether `specialhandling` has one of the entries, with a value or without.

    NULL if it is NULL.
    """
    pattern = f"(^|,)({'|'.join(tags)})(:|,|$)"
    found: ColumnElement[bool] = job["specialhandling"].regexp_match(constant(pattern))
    return found


WITHOUT_POOL = Effect(
    "without localpool",
    lambda job, column: func.nullif(
        func.regexp_replace(job[column], constant(",*localpool"), constant(""), constant("g")),
        constant(""),
    ),
)
NOT_KILLED = Guard(
    "commandtopilot is NULL",
    lambda job: job["commandtopilot"].is_(None),
    "it is to be killed",
)
NO_END_COMMAND = Guard(
    f"commandtopilot is not {COMMAND}",
    lambda job: func.coalesce(job["commandtopilot"], "") != constant(COMMAND),
    "it is to be killed",
)
RECOVERS = Guard(
    "jobdispatchererrordiag is not empty",
    lambda job: func.coalesce(job["jobdispatchererrordiag"], "") != "",
    "its outputs are on their way",
)
PRODUCTION = Guard(
    "prodsourcelabel is not user or panda",
    lambda job: func.coalesce(job["prodsourcelabel"], "").not_in(constants(("user", "panda"))),
    "it is a user's",
)
NOT_BOUND = Guard(
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
HAS_LOCALPOOL = Guard(
    "specialhandling has localpool",
    lambda job: job["specialhandling"].contains(constant("localpool")),
    "it has no localpool",
)


IS_CLONE = Guard(
    "it is a clone",
    lambda job: and_(
        has_tag(job, EVENT_SERVICE),
        has_tag(job, CLONE),
        job["lockedby"] == constant("jedi"),
    ),
    "it is no clone",
)
BY_EVENTS = Guard(
    "its end depends on ranges of events",
    lambda job: and_(
        job["lockedby"] == constant("jedi"),
        or_(
            has_tag(job, EVENT_SERVICE, EVENT_SERVICE_MERGE, Flag.SAMPLES),
            job["eventservice"].in_(
                constants((JobKind.JUMBO, JobKind.CO_JUMBO, JobKind.FINE_GRAINED))
            ),
        ),
    ),
    "its end has nothing to do with events",
)
RUNS_ONCE = Guard(
    "it is a clone of which one is to run",
    lambda job: and_(
        IS_CLONE.of(job),
        has_tag(job, RUN_ONCE),
    ),
    "others may run, too",
)
HAS_QUEUED_TIME = Guard(
    "specialhandling has the time at which its task was queued",
    lambda job: job["specialhandling"].regexp_match(constant(QUEUED_TIME_PATTERN)),
    "its task's queuing is not measured",
)


MOVABLE = Guard(
    f"relocationflag is not {FIXED}",
    lambda job: func.coalesce(job["relocationflag"], 0) != FIXED,
    "it must not be reassigned",
)
IS_THROTTLED = Guard(
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
