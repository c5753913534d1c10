"""Heartbeats of pilots, and the answers to them: semantics 1.2 and 2.7."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, String, bindparam, false, func, select, update
from sqlalchemy.dialects.postgresql import Insert, insert

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.reports import archive_files, corruptions
from pandadb.core.jobs import move_statement, queuing_periods, waiting_consumers
from pandadb.core.jobs.effects import COMMAND, HAS_QUEUED_TIME, RUNS_ONCE
from pandadb.core.jobs.ending import semaphores
from pandadb.core.jobs.files import file_accounting
from pandadb.core.jobs.heartbeat_values import REPORTS, check_call, checked
from pandadb.core.jobs.move_statement import Route
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.jobs.states import RUNS, transitions
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import now
from pandadb.core.sql.prepared import send
from pandadb.core.sql.transaction import Lock
from pandadb.models import HarvesterRelJobsWorkers, JobOutputReport, JobsActive4, MetaTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Select, Update

    from pandadb.core.jobs.heartbeat_values import Checked
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.machine import Transition

VERBS = {**dict.fromkeys(RUNS, "heartbeat"), "holding": "hold", "transferring": "transfer"}
QUEUED = ("sent", "starting")
"""States of a job that ends the period of its queuing when it runs."""
NO_FINAL_REPORT = "set to {} by the pilot: how the job has ended is still to be said"
"""The `jobdispatchererrordiag` of jobs that expect another heartbeat; monitors know it."""
BATCH_NUMBER = re.compile(r"\d+(\.*\d+)?")
INVALID_BATCH = 1
"""The `superrorcode` of a job with a heartbeat from a pilot of another batch (semantics 1.4)."""


@dataclass(frozen=True)
class Heartbeat:
    """The report of a pilot about its job.

    After `holding` or `transferring` the pilot must report the end of the job later, and
    `jobdispatchererrordiag` records that. It is NULL after `finished` and `failed`, which are
    reported once.
    """

    pandaid: int
    jobstatus: str
    """One of starting, stagein, running, stageout, holding, transferring, finished, failed."""
    attemptnr: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """Further columns of the job: memory in kB, CPU time in seconds, error codes …

    `modificationhost` is the pilot's node; without it, the host of the call is taken for that.
    """
    report: str | None = None
    """The report on the outputs, with the last heartbeat."""
    metadata: str | None = None
    corrupted_files: Sequence[str] = ()
    """Names of archive files that a merge job of the event service cannot read."""


@dataclass(frozen=True)
class Answer:
    """The answer to a heartbeat."""

    jobstatus: str | None
    """The state of the job now; None for a job that is not active."""
    command: str | None
    """The job's `commandtopilot`, such as `tobekilled`."""
    ignored: str | None = None
    """Why nothing was changed."""
    left_out: tuple[str, ...] = ()
    """The dropped values of a heartbeat that was accepted: a sentence about each column."""


def beat(session: Transaction, beats: Sequence[Heartbeat], host: str) -> dict[int, Answer]:
    """Process heartbeats; return an answer to each, with the reason if it was ignored.

    Heartbeats are independent: a malformed one is refused, or accepted without the values that do
    not fit their columns, and the others are processed. The number of statements grows with the
    number of different states and sets of columns, not with the number of heartbeats.

    Raises:
        InvalidValue: The argument is no list of heartbeats, or the host is no text.
    """
    seen = [checked(one) for one in check_call(beats, Heartbeat, host)]
    taken = [one.said for one in seen if not one.refused]
    if ending := [one.pandaid for one in taken if one.jobstatus not in RUNS]:
        file_accounting.lock(session, ending, Lock.WAIT)
    answers: dict[int, Answer] = {}
    for said in _rounds(seen):
        answers |= _take(session, said, host)
    return answers


def _rounds(seen: Sequence[Checked]) -> Iterator[dict[int, Checked]]:
    """Yield one heartbeat of each job at a time, in their order; mostly there is but one."""
    while seen:
        said: dict[int, Checked] = {}
        later = [one for one in seen if said.setdefault(one.said.pandaid, one) is not one]
        yield said
        seen = later


def _take(session: Transaction, seen: Mapping[int, Checked], host: str) -> dict[int, Answer]:
    with refusing_to_wait():
        pandaids = [pandaid for pandaid, one in seen.items() if one.is_of_a_job]
        rows = session.execute(_found(), {"pandaids": pandaids}).mappings()
    found = {row["pandaid"]: dict(row) for row in rows}
    said = {pandaid: one.said for pandaid, one in seen.items()}
    answers, goals = {}, {}
    for pandaid, one in seen.items():
        answers[pandaid], goal = _judge(found.get(pandaid), one)
        if goal:
            goals[pandaid] = goal
    _apply(session, [(said[pandaid], goal) for pandaid, goal in goals.items()], found, host)
    waiting_consumers.touch(session, [found[pandaid] for pandaid in goals])
    for loser in semaphores.claim(session, semaphores.first_runs(goals, found), host):
        answers[loser] = replace(answers[loser], command=COMMAND)
    ended = [said[pandaid] for pandaid in goals if said[pandaid].jobstatus in REPORTS]
    _remember(session, ended, found)
    unreadable = {p: said[p].corrupted_files for p in goals if _merges_events(found[p])}
    corruptions.note(session, {p: names for p, names in unreadable.items() if names})
    heard = [(found[p], one.said) for p, one in seen.items() if p in found and not one.refused]
    if others := [one for job, one in heard if _is_current(job, one) and _is_other(job, one)]:
        _note_others(session, others)
    return answers


def _judge(job: Mapping[str, Any] | None, one: Checked) -> tuple[Answer, str | None]:
    """Judge a heartbeat that may be malformed."""
    if one.refused:
        known = job or {"jobstatus": None, "commandtopilot": None}
        return Answer(known["jobstatus"], known["commandtopilot"], one.refused), None
    answer, goal = judge(job, one.said)
    return replace(answer, left_out=one.left_out) if goal and one.left_out else answer, goal


def judge(job: Mapping[str, Any] | None, said: Heartbeat) -> tuple[Answer, str | None]:
    """Return the answer to the pilot, and the new state of the job: None if it stays."""
    if job is None:
        return Answer(None, COMMAND, "the job is not active"), None
    old, command = job["jobstatus"], job["commandtopilot"]
    if not _is_current(job, said):
        reason = f"this is attempt {said.attemptnr}, the job is at attempt {job['attemptnr']}"
        return Answer(old, COMMAND, reason), None
    if _is_other(job, said):
        return Answer(old, COMMAND, f"the job belongs to batch {job['batchid']}"), None
    goal = "holding" if said.jobstatus in REPORTS else said.jobstatus
    if goal == "starting" and old in RUNS:
        goal = old
    ignored = _ignored(job, said.jobstatus, goal)
    return (Answer(old, command, ignored), None) if ignored else (Answer(goal, command), goal)


def _merges_events(job: Mapping[str, Any]) -> bool:
    return bool(job["eventservice"] == JobKind.MERGE)


def _is_current(job: Mapping[str, Any], said: Heartbeat) -> bool:
    return said.attemptnr is None or said.attemptnr == job["attemptnr"]


def _ignored(job: Mapping[str, Any], said: str, goal: str) -> str | None:
    """Return why the state cannot follow, or None."""
    old, is_awaited = job["jobstatus"], bool(job["jobdispatchererrordiag"])
    if old == "transferring" and goal in {"holding", "transferring"} and not is_awaited:
        return "the job is done already: its outputs are on their way"
    if old == "holding" and goal in {"holding", "transferring"} and not is_awaited:
        return "the job is done already: its report is being worked on"
    if old == "holding" and said in {"holding", "transferring"}:
        return f"the job is holding until its pilot says {' or '.join(REPORTS)}"
    if _step(old, goal) is None:
        return f"the job is {old}, and does not become {goal}"
    return None


def _step(old: str, goal: str) -> Transition | None:
    """Return the transition that a heartbeat makes, or None."""
    steps = (*transitions(VERBS[goal], goal), *transitions("heartbeat", goal))
    return next((step for step in steps if old in step.sources), None)


def _is_other(job: Mapping[str, Any], said: Heartbeat) -> bool:
    """Return whether a pilot is of another batch; ids that are numbers do not show it.

    HTCondor's ids are of a cluster and a process, `1234567.0`: each new start has another one.
    """
    known, new = job["batchid"], said.values.get("batchid")
    if not known or not new or known == new:
        return False
    return not BATCH_NUMBER.fullmatch(known) and not BATCH_NUMBER.fullmatch(new)


@cache
def _found() -> Select[Any]:
    job = JobsActive4.__table__.c
    return (
        select(
            job.pandaid,
            job.jobstatus,
            job.attemptnr,
            job.prodsourcelabel,
            job.batchid,
            job.commandtopilot,
            job.jobdispatchererrordiag,
            job.jeditaskid,
            job.jobsetid,
            job.eventservice,
            job.specialhandling,
            func.coalesce(HAS_QUEUED_TIME.of(job), false()).label("is_timed"),
            func.coalesce(RUNS_ONCE.of(job), false()).label("runs_once"),
        )
        .where(id_arrays.by_id(JobsActive4))
        .order_by(job.pandaid)
        .with_for_update()
    )


def _apply(
    session: Transaction,
    goals: Sequence[tuple[Heartbeat, str]],
    found: Mapping[int, Mapping[str, Any]],
    host: str,
) -> None:
    """Change the jobs: those that make the same step and get the same columns in one statement."""
    groups: dict[tuple[Any, ...], list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
    for one, goal in goals:
        values = {**one.values, **_awaited(one)}
        step = _step(found[one.pandaid]["jobstatus"], goal)
        groups[step, *sorted(values)].append((one.pandaid, values))
    for (step, *names), jobs in groups.items():
        pandaids = [pandaid for pandaid, _ in jobs]
        columns = {name: [values[name] for _, values in jobs] for name in names}
        route = Route(step, JobsActive4, JobsActive4, tuple(names), each=True)
        given = {**columns, "pandaids": pandaids, "host": host[:128]}
        send(session, move_statement.prepared(route), given)
        before = {pandaid: found[pandaid]["jobstatus"] for pandaid in pandaids}
        new = {pandaid: old for pandaid, old in before.items() if old != step.target}
        file_accounting.settle(session, new, step.target)
        if step.target == "running":
            first = [one for one, old in new.items() if old in QUEUED and found[one]["is_timed"]]
            queuing_periods.record(session, first, step.target)
    if goals:
        seen = [one.pandaid for one, _ in goals]
        session.execute(_seen(), {"pandaids": seen})


def _awaited(said: Heartbeat) -> dict[str, str | None]:
    """Return the `jobdispatchererrordiag` that shows whether the job's end was reported."""
    if said.jobstatus in RUNS:
        return {}
    if said.jobstatus in REPORTS:
        return {"jobdispatchererrordiag": None}
    diag = said.values.get("jobdispatchererrordiag") or NO_FINAL_REPORT.format(said.jobstatus)
    return {"jobdispatchererrordiag": diag}


@cache
def _seen() -> Any:
    relation = HarvesterRelJobsWorkers.__table__
    return update(relation).where(id_arrays.is_given(relation.c.pandaid)).values(lastupdate=now())


def _note_others(session: Transaction, others: Sequence[Heartbeat]) -> None:
    """Mark jobs that had heartbeats from pilots of other batches."""
    diags = [f"a heartbeat came with invalid batchID={one.values['batchid']}" for one in others]
    given = {"pandaids": [one.pandaid for one in others], "diags": diags}
    session.execute(_noting_others(), given)


@cache
def _noting_others() -> Update:
    job = JobsActive4.__table__
    diags = bindparam("diags", type_=ARRAY(String))
    given = id_arrays.unnested("given", pandaid=id_arrays.array("pandaids"), diag=diags)
    return (
        update(job)
        .where(job.c.pandaid == given.c.pandaid)
        .values(superrorcode=INVALID_BATCH, superrordiag=given.c.diag)
    )


@cache
def _reported() -> Insert:
    """Store a report once; a request to register archive files makes room for it."""
    report = JobOutputReport.__table__
    new = insert(report).values(timestamp=now())
    columns = ("prodsourcelabel", "jobstatus", "data", "timestamp")
    return new.on_conflict_do_update(
        index_elements=[report.c.pandaid, report.c.attemptnr],
        set_={name: new.excluded[name] for name in columns},
        where=report.c.jobstatus == archive_files.REGISTER,
    )


def _remember(
    session: Transaction, ended: Sequence[Heartbeat], found: Mapping[int, Mapping[str, Any]]
) -> None:
    """Store the reports of jobs that have ended, for the server's Adder, and the metadata."""
    reports = [
        {
            "pandaid": one.pandaid,
            "attemptnr": found[one.pandaid]["attemptnr"],
            "prodsourcelabel": found[one.pandaid]["prodsourcelabel"],
            "jobstatus": one.jobstatus,
            "data": one.report,
        }
        for one in ended
    ]
    if reports:
        session.execute(_reported(), reports)
    metadata = [{"pandaid": one.pandaid, "metadata": one.metadata} for one in ended if one.metadata]
    if metadata:
        session.execute(insert(MetaTable.__table__).on_conflict_do_nothing(), metadata)
