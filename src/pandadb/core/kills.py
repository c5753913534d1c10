"""Killing jobs: what each code of PanDA's server makes of a job, as data, and the kill itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, literal, or_, select, update

from pandadb.core import accounting, lives, merging
from pandadb.core.arrays import by_id
from pandadb.core.diags import sentence
from pandadb.core.effects import COMMAND, PRODUCTION, Guard, constants
from pandadb.core.locking import Lock
from pandadb.core.moves import Moved, looks
from pandadb.core.outcomes import PMERGE
from pandadb.core.refusals import explain, refusing_to_wait
from pandadb.core.states import STOPPABLE, transitions
from pandadb.core.tables import LIVE_TABLES
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row, Select

    from pandadb.core.effects import Columns
    from pandadb.core.tables import JobTable
    from pandadb.core.transactions import Transaction

EVENT_SERVICE = Guard(
    "eventservice is 1, 2, 4 or 5",
    lambda job: func.coalesce(job["eventservice"], 0).in_(constants((1, 2, 4, 5))),
    "it is not of the event service",
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


class UnknownCode(PandaDBError):
    """A kill code that there is not."""


@dataclass(frozen=True)
class KillCode:
    """What a code makes of a job. The diag's words are those of `diags.sentence`."""

    code: int
    target: str
    diag: str
    taskbuffererrorcode: int = 100
    jobsubstatus: str | None = None
    """None leaves what the job has."""
    forced: Guard | None = None
    """Which running jobs it takes without asking their pilots, beside the event service's."""
    clears: bool = False
    """Whether `commandtopilot` becomes NULL when the job ends."""
    keeps_unmerged: bool = False
    """Whether another job may merge what one that is killed was to merge."""


KEEPS: Any = {"keeps_unmerged": True}
"""What is killed only to be tried elsewhere may be merged elsewhere, too."""

CODES: Mapping[int, KillCode] = {
    code.code: code
    for code in (
        KillCode(2, "closed", "Expired: {state} since {since}", 102, "toreassign", **KEEPS),
        KillCode(3, "cancelled", "Aborted from outside of PanDA", 103),
        KillCode(4, "closed", "Expired: {state} since {since}", 102, "toreassign", **KEEPS),
        KillCode(7, "cancelled", "Killed by {by}"),
        KillCode(8, "cancelled", "The brokerage has found another site", 105, clears=True, **KEEPS),
        KillCode(9, "cancelled", "Killed by {by}", forced=TESTS),
        KillCode(
            10, "closed", "Too many jobs wait at its site: another is looked for", 130, **KEEPS
        ),
        KillCode(50, "cancelled", "{by}"),
        KillCode(51, "closed", "JEDI looks for another site", 100, "toreassign", **KEEPS),
        KillCode(52, "cancelled", "{by}", forced=TESTS),
        KillCode(55, "closed", "Its task is done, or nearly", 100, "taskdone"),
        KillCode(60, "closed", "Closed by its pilot"),
        KillCode(91, "cancelled", "Killed by {by}"),
        KillCode(99, "cancelled", "Killed by {by}", forced=PRODUCTION),
    )
}
"""From semantics of PanDA's server. With 50 and 52, `by` is what JEDI says of the kill."""

ON_FAILED = {7: KillCode(7, "failed", "Tried again elsewhere", 106, clears=True)}
"""What a code makes of a failed job that is still in JOBSACTIVE4; the others only move it."""


@dataclass
class Killed(Moved):
    """What a kill has done."""

    told: list[int] = field(default_factory=list)
    """The running jobs that are to end, and do when their pilots ask."""


def known(code: int) -> KillCode:
    """Return what a code does.

    Raises:
        UnknownCode: There is no such code.
    """
    if code not in CODES:
        codes = ", ".join(map(str, CODES))
        raise UnknownCode(f"There is no kill code {code}: the codes are {codes}")
    return CODES[code]


def kill(
    session: Transaction,
    pandaids: Sequence[int],
    *,
    code: int,
    by: str,
    host: str,
    lock: Lock = Lock.WAIT,
    hard: bool = False,
    jobsubstatus: str | None = None,
) -> Killed:
    """End jobs, as a code says; tell running ones to end, or end them too if that is forced.

    Running jobs are ended by `hard`, and by the codes that force it on some. A job that was told
    before keeps the reason that it was given then. `jobsubstatus` replaces the code's. The number
    of statements does not grow with the number of jobs.

    Raises:
        UnknownCode: There is no such code.
        BadValue: `by` or `jobsubstatus` does not fit its column.
        JobsLocked: See `move`.
    """
    rule, asked = known(code), [*dict.fromkeys(pandaids)]
    ids = accounting.lock(session, asked, lock)
    rows = [
        row
        for table, how in looks(LIVE_TABLES, lock)
        for row in _marked(session, ids, _mark(table, rule, by, how, hard))
    ]
    verb = "kill" if rule.target == "cancelled" else "close"
    done = Killed(told=[row.pandaid for row in rows if not (row.ends or row.failed)])
    values = _values(rule) | ({"jobsubstatus": jobsubstatus} if jobsubstatus else {})
    lost = ON_FAILED.get(code)
    if not rule.keeps_unmerged:
        merging.give_up(session, [r.pandaid for r in rows if r.ends and r.processingtype == PMERGE])
    parts = (
        (verb, [r for r in rows if r.ends and r.jobstatus != "running"], values),
        (f"{verb} hard", [r for r in rows if r.ends and r.jobstatus == "running"], values),
        ("fail", [r for r in rows if r.failed], _values(lost) if lost else {}),
    )
    for step, chosen, new in parts:
        chosen_ids = [row.pandaid for row in chosen]
        moved = lives.advance(session, step, chosen_ids, host=host, values=new, lock=lock)
        done.jobs |= moved.jobs
        done.refused |= moved.refused
        done.merged |= moved.merged
    if left := sorted({*asked} - {row.pandaid for row in rows}):
        steps = [*transitions(verb), *transitions(f"{verb} hard"), *transitions("fail")]
        done.refused |= explain(session, steps, left)
    return done


def _marked(session: Transaction, left: list[int], mark: Select[Any]) -> Sequence[Row[Any]]:
    """Mark those jobs of one table that are left, and leave the others."""
    if not left:
        return ()
    with refusing_to_wait():
        rows = session.execute(mark, {"pandaids": left}).all()
    found = {row.pandaid for row in rows}
    left[:] = [pandaid for pandaid in left if pandaid not in found]
    return rows


def _values(code: KillCode) -> dict[str, Any]:
    """Return the columns that are the same for all jobs of a code."""
    return {
        "taskbuffererrorcode": code.taskbuffererrorcode,
        **({"jobsubstatus": code.jobsubstatus} if code.jobsubstatus else {}),
        "commandtopilot": None if code.clears else COMMAND,
    }


def _mark(table: JobTable, code: KillCode, by: str, lock: Lock, hard: bool) -> Select[Any]:
    """Pick and lock the jobs of a table that can be killed, in the order of their ids; mark them.

    Jobs that end get the command when they move: none of their indexes is written twice. A failed
    job keeps its command and, unless the code says something of it, its reason.
    """
    job = table.__table__.c
    failed = job.jobstatus == "failed"
    picked = (
        select(
            job.pandaid,
            job.jobstatus,
            job.processingtype,
            failed.label("failed"),
            and_(~failed, or_(job.jobstatus != "running", _forced(code, job, hard))).label("ends"),
            func.coalesce(job.commandtopilot == COMMAND, False).label("told"),
        )
        .where(by_id(table), job.jobstatus.in_((*STOPPABLE, "running", "failed")))
        .order_by(job.pandaid)
        .with_for_update(skip_locked=lock is Lock.SKIP, nowait=lock is Lock.NOWAIT)
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )
    marked = (
        update(table.__table__)
        .where(job.pandaid == picked.c.pandaid, ~picked.c.failed, picked.c.ends | ~picked.c.told)
        .values(
            commandtopilot=case((picked.c.ends, job.commandtopilot), else_=COMMAND),
            taskbuffererrordiag=_diag(code, job, by),
        )
    )
    statement = select(picked).order_by(picked.c.pandaid).add_cte(marked.cte("marked"))
    lost = ON_FAILED.get(code.code)
    if lost is None:
        return statement
    excused = (
        update(table.__table__)
        .where(job.pandaid == picked.c.pandaid, picked.c.failed)
        .values(taskbuffererrordiag=_diag(lost, job, by))
    )
    return statement.add_cte(excused.cte("excused"))


def _diag(code: KillCode, job: Columns, by: str) -> Any:
    return sentence(code.diag, job, "taskbuffererrordiag", since="statechangetime", by=by)


def _forced(code: KillCode, job: Columns, hard: bool) -> Any:
    """Whether a running job ends at once."""
    guards = [guard.of(job) for guard in (EVENT_SERVICE, code.forced) if guard]
    return literal(True) if hard else or_(*guards)
