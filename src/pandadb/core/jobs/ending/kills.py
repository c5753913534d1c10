"""Kills of jobs, by the rules of `kill_codes`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, literal, or_, select, update

from pandadb.core.control import locks
from pandadb.core.jobs import advances
from pandadb.core.jobs.calls import Call
from pandadb.core.jobs.effects import COMMAND, PRODUCTION
from pandadb.core.jobs.ending import merge_jobs
from pandadb.core.jobs.ending.diagnostics import sentence, shared_sentence
from pandadb.core.jobs.ending.kill_codes import (
    CODES,
    EVENT_SERVICE,
    ON_FAILED,
    SHARES_EVENTS,
    KillCode,
    UnknownCode,
    known,
)
from pandadb.core.jobs.event_service import kills_by_events
from pandadb.core.jobs.files import file_accounting
from pandadb.core.jobs.files.file_status import PMERGE
from pandadb.core.jobs.mover import MoveResult, looks
from pandadb.core.jobs.refusals import Refusal, RefusalReason, explain, refusing_to_wait
from pandadb.core.jobs.states import COMMANDED, LIVE, transitions
from pandadb.core.sql import validation
from pandadb.core.sql.id_arrays import by_id
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobsActive4
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns
    from pandadb.models.jobs.all_tables import JobTable

__all__ = ["CODES", "KillCode", "KillResult", "UnknownCode", "cancel", "kill", "known"]


REASON = "taskbuffererrordiag"
"""The column with the reason of a kill."""


@dataclass(frozen=True)
class Role:
    """The rights of a kill: to end running jobs at once, and the production role."""

    hard: bool
    production: bool


@dataclass
class KillResult(MoveResult):
    """The result of a kill."""

    told: list[int] = field(default_factory=list)
    """The running jobs that are to end, and do when their pilots ask."""


def kill(
    session: Transaction,
    pandaids: Sequence[int],
    *,
    code: int,
    by: str,
    host: str,
    lock: Lock = Lock.WAIT,
    hard: bool = False,
    production: bool = True,
    keep_unmerged: bool = False,
    jobsubstatus: str | None = None,
) -> KillResult:
    """End jobs by a kill code; running jobs get a command to end, or are ended if forced.

    `hard`, and the codes that force it on some, end running jobs. A job that has the command
    already keeps its earlier reason, and unless the code insists it is left to end by itself.
    `production` is the role of the caller: with it some codes take more jobs, and some none of
    users. The right to kill another user's job without it is the caller's to check. With
    `keep_unmerged`, and with code 51, the inputs of a killed merge job are left for another one.
    `jobsubstatus` replaces the code's. The number of statements does not grow with the number of
    jobs.

    Raises:
        UnknownCode: There is no such code.
        InvalidValue: An id is no whole number.
        InvalidValue: `by` or `jobsubstatus` does not fit its column.
        JobsLocked: See `mover.move`.
    """
    rule, asked = known(code), validation.ids(pandaids)
    if lock is not Lock.SKIP:
        locks.lock(session, asked, lock)
    ids = file_accounting.lock(session, asked, lock)
    role = Role(hard=hard, production=production)
    rows: list[Row[Any]] = []
    for table, how in looks(LIVE_TABLES, lock):
        locked = _locked(session, ids, _pick(table, rule, how, role))
        _mark(session, table, locked, rule, by)
        rows += locked
    verb = "kill" if rule.target == "cancelled" else "close"
    spared = {row.pandaid: _spared(rule, row) for row in rows if not row.allowed}
    done = KillResult(
        told=[row.pandaid for row in rows if row.allowed and not (row.ends or row.failed)],
        refused=spared,
    )
    reason = shared_sentence(rule.diag, REASON, by=by)
    values = {
        **_values(rule),
        **({} if reason is None else {REASON: reason}),
        **({"jobsubstatus": jobsubstatus} if jobsubstatus else {}),
    }
    lost = ON_FAILED.get(code)
    if not (rule.keeps_unmerged or keep_unmerged):
        merge_jobs.give_up(
            session, [r.pandaid for r in rows if r.ends and r.processingtype == PMERGE]
        )
    parts = (
        (verb, [r for r in rows if r.ends and r.jobstatus != "running"], values),
        (f"{verb} hard", [r for r in rows if r.ends and r.jobstatus == "running"], values),
        ("fail", [r for r in rows if r.failed and r.allowed], _values(lost) if lost else {}),
    )
    by_events: dict[int, Call] = {}
    for step, chosen, new in parts:
        usual = [row.pandaid for row in chosen if not row.shares_events]
        done.add(advances.advance(session, step, usual, host=host, values=new, lock=lock))
        call = Call(step, transitions(step), host, new, lock)
        by_events |= {row.pandaid: call for row in chosen if row.shares_events}
    if by_events:
        done.add(kills_by_events.end(session, by_events, lock))
    if left := sorted({*asked} - {row.pandaid for row in rows}):
        steps = [*transitions(verb), *transitions(f"{verb} hard"), *transitions("fail")]
        done.refused |= explain(session, steps, left)
    return done


def cancel(
    session: Transaction,
    pandaids: Sequence[int],
    *,
    host: str,
    values: Mapping[str, Any] | None = None,
    lock: Lock = Lock.WAIT,
) -> MoveResult:
    """End jobs of JOBSACTIVE4 that had the command to end, now that their pilots have ended.

    Their reason was set by the kill. Other jobs are refused.

    Raises:
        InvalidValue: An id is no whole number, or a value does not fit its column.
        JobsLocked: See `mover.move`.
    """
    asked = validation.ids(pandaids)
    free = file_accounting.lock(session, asked, lock)
    skip, nowait = lock is Lock.SKIP, lock is Lock.NOWAIT
    with refusing_to_wait():
        locked = _told().with_for_update(skip_locked=skip, nowait=nowait)
        told = [*session.scalars(locked, {"pandaids": free})]
    moved = advances.advance(session, "kill", told, host=host, values=values, lock=lock)
    if left := sorted({*asked} - {*told}):
        busy = {*session.scalars(_told(), {"pandaids": left})}
        found = explain(session, transitions("kill"), left)
        moved.refused |= {job: _untold(job, why, job in busy) for job, why in found.items()}
    return moved


def _told() -> Select[Any]:
    job = JobsActive4.__table__.c
    told = select(job.pandaid).where(by_id(JobsActive4), job.commandtopilot == COMMAND)
    return told.order_by(job.pandaid)


def _untold(pandaid: int, why: Refusal, busy: bool) -> Refusal:
    """Return the refusal of a job: a job that is not locked could be killed, but was not."""
    if busy or why.reason is not RefusalReason.LOCKED:
        return why
    sentence = f"Job {pandaid} was not told to end: jobs are killed by `jobs kill`, with a code"
    return Refusal(RefusalReason.GUARD, sentence)


def _locked(session: Transaction, left: list[int], pick: Select[Any]) -> Sequence[Row[Any]]:
    """Lock those jobs of one table that are left, and leave the others."""
    if not left:
        return ()
    with refusing_to_wait():
        rows = session.execute(pick, {"pandaids": left}).all()
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


def _spared(code: KillCode, row: Row[Any]) -> Refusal:
    """Return the refusal of a user's job by a code, with the production role."""
    sentence = f"Job {row.pandaid} is a user's, which code {code.code} is not for"
    return Refusal(RefusalReason.GUARD, sentence)


def _pick(table: JobTable, code: KillCode, lock: Lock, role: Role) -> Select[Any]:
    """Pick and lock the jobs of a table that can be killed, in the order of their ids."""
    job = table.__table__.c
    failed = job.jobstatus == "failed"
    told = func.coalesce(job.commandtopilot == COMMAND, False)
    allowed = _is_allowed(code, job, role)
    takes = or_(job.jobstatus.not_in(COMMANDED), _forced(code, job, role))
    return (
        select(
            job.pandaid,
            job.jobstatus,
            job.processingtype,
            failed.label("failed"),
            and_(~failed, allowed, takes, or_(~told, _insists(code, job, role))).label("ends"),
            told.label("told"),
            SHARES_EVENTS.of(job).label("shares_events"),
            allowed.label("allowed"),
        )
        .where(by_id(table), job.jobstatus.in_((*LIVE, "failed")))
        .order_by(job.pandaid)
        .with_for_update(skip_locked=lock is Lock.SKIP, nowait=lock is Lock.NOWAIT)
    )


def _mark(
    session: Transaction, table: JobTable, rows: Sequence[Row[Any]], code: KillCode, by: str
) -> None:
    """Give running jobs the command to end, and jobs the reason; what the move gives is left to it.

    Jobs that end get the command when they move, and the reason if all have the same: so their rows
    are written once. A failed job keeps its command and, unless the code has another one, its
    reason.
    """
    job = table.__table__.c
    marked = [row for row in rows if row.allowed and not row.failed]
    stay = [row.pandaid for row in marked if not (row.ends or row.told)]
    alike = shared_sentence(code.diag, REASON) is not None
    ending = [] if alike else [row.pandaid for row in marked if row.ends]
    failed = [row.pandaid for row in rows if row.allowed and row.failed]
    changed, lost = update(table.__table__).where(by_id(table)), ON_FAILED.get(code.code)
    told = changed.values({"commandtopilot": COMMAND, REASON: _diag(code, job, by)})
    named = changed.values({REASON: _diag(code, job, by)})
    excused = changed.values({REASON: _diag(lost, job, by)}) if lost else None
    for statement, chosen in ((told, stay), (named, ending), (excused, failed)):
        if chosen and statement is not None:
            session.execute(statement, {"pandaids": chosen})


def _diag(code: KillCode, job: Columns, by: str) -> Any:
    return sentence(code.diag, job, REASON, since="statechangetime", by=by)


def _forced(code: KillCode, job: Columns, role: Role) -> Any:
    """Whether a running job ends at once."""
    guards = [guard.of(job) for guard in (EVENT_SERVICE, code.forced) if guard]
    return literal(True) if role.hard or (code.by_role and role.production) else or_(*guards)


def _insists(code: KillCode, job: Columns, role: Role) -> Any:
    """Whether a job that has the command to end already is ended at once."""
    if role.hard or code.insists:
        return literal(True)
    return or_(EVENT_SERVICE.of(job), job["jobstatus"] == "merging")


def _is_allowed(code: KillCode, job: Columns, role: Role) -> Any:
    return PRODUCTION.of(job) if code.spares_users and role.production else literal(True)
