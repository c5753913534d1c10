"""Kill codes: the effect of each code of PanDA's server on a job, as data (semantics 2.9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, false, func, not_, or_

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import EVENT_SERVICE as CONSUMER
from pandadb.core.events.special_handling import EVENT_SERVICE_MERGE
from pandadb.core.jobs.effects import IS_CLONE, has_tag
from pandadb.core.sql.expressions import constants
from pandadb.core.statemachine.effects import Guard
from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENT_SERVICE = Guard(
    "it takes ranges of events, and is no clone",
    lambda job: and_(
        or_(
            func.coalesce(has_tag(job, CONSUMER), false()),
            func.coalesce(job["eventservice"], 0).in_(constants((JobKind.JUMBO, JobKind.CO_JUMBO))),
        ),
        not_(func.coalesce(IS_CLONE.of(job), false())),
    ),
    "it takes no ranges of events",
)
SHARES_EVENTS = Guard(
    "its kill changes ranges of events",
    lambda job: and_(
        func.coalesce(job["lockedby"], "") == "jedi",
        or_(EVENT_SERVICE.of(job), func.coalesce(has_tag(job, EVENT_SERVICE_MERGE), false())),
    ),
    "its kill changes no ranges of events",
)
TESTS = Guard(
    "prodsourcelabel is NULL, managed, or has test in it",
    lambda job: or_(
        job["prodsourcelabel"].is_(None),
        job["prodsourcelabel"] == "managed",
        job["prodsourcelabel"].contains("test"),
    ),
    "it is neither production nor a test",
)


class UnknownCode(InvalidInput):
    """A kill code that there is not."""


@dataclass(frozen=True)
class KillCode:
    """The effect of a code on a job. The placeholders of its diag are those of `diagnostics`."""

    code: int
    target: str
    diag: str
    taskbuffererrorcode: int = 100
    jobsubstatus: str | None = None
    """None leaves the job's own value."""
    forced: Guard | None = None
    """Running jobs that it ends without a command to their pilots, beside the event service's."""
    by_role: bool = False
    """Whether it ends all running jobs, for callers with the production role."""
    insists: bool = False
    """Whether it also ends jobs that have the command to end already."""
    spares_users: bool = False
    """Whether the production role may not kill jobs of users with it."""
    clears: bool = False
    """Whether `commandtopilot` becomes NULL when the job ends."""
    keeps_unmerged: bool = False
    """Whether the inputs of a killed merge job are left for another one, without `keep_unmerged`.
    """


CODES: Mapping[int, KillCode] = {
    code.code: code
    for code in (
        KillCode(2, "closed", "Expired: {state} since {since}", 102, "toreassign", insists=True),
        KillCode(3, "cancelled", "Aborted from outside of PanDA", 103, spares_users=True),
        KillCode(4, "closed", "Expired: {state} since {since}", 102, "toreassign"),
        KillCode(7, "cancelled", "Killed by {by}"),
        KillCode(8, "cancelled", "The brokerage has found another site", 105, clears=True),
        KillCode(9, "cancelled", "Killed by {by}", forced=TESTS, insists=True),
        KillCode(
            10,
            "closed",
            "Too many jobs wait at its site: another is looked for",
            130,
            insists=True,
        ),
        KillCode(50, "cancelled", "{by}"),
        KillCode(
            51,
            "closed",
            "JEDI looks for another site",
            100,
            "toreassign",
            insists=True,
            keeps_unmerged=True,
        ),
        KillCode(52, "cancelled", "{by}", forced=TESTS, insists=True),
        KillCode(55, "closed", "Its task is done, or nearly", 100, "taskdone", spares_users=True),
        KillCode(60, "closed", "Closed by its pilot", insists=True, spares_users=True),
        KillCode(91, "cancelled", "Killed by {by}"),
        KillCode(99, "cancelled", "Killed by {by}", by_role=True, insists=True),
    )
}
"""From semantics of PanDA's server. With 50 and 52, `by` is JEDI's message about the kill."""

ON_FAILED = {7: KillCode(7, "failed", "Tried again elsewhere", 106, clears=True)}
"""The codes that change a failed job that is still in JOBSACTIVE4; the others only move it."""


def known(code: int) -> KillCode:
    """Return a code by its number.

    Raises:
        UnknownCode: There is no such code.
    """
    if code not in CODES:
        codes = ", ".join(map(str, CODES))
        raise UnknownCode(f"There is no kill code {code}: the codes are {codes}")
    return CODES[code]
