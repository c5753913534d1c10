"""The states of a job, the tables that hold them, and the transitions between them: all as data.

From semantics of PanDA's server 0.1.6. A transition that is not here cannot be made. A job that is
dispatched, heard of or reset also gets `modificationhost`: see `move_statement.HOST_VERBS`.
"""

from __future__ import annotations

from functools import cache
from inspect import get_annotations
from typing import TYPE_CHECKING

from pandadb.core.jobs.effects import (
    AT_SITE,
    HAS_LOCALPOOL,
    IS_THROTTLED,
    MOVABLE,
    NO_END_COMMAND,
    NOT_BOUND,
    NOT_KILLED,
    PILOT_FAILED,
    PRODUCTION,
    RECOVERS,
    THROTTLED,
    WITHOUT_POOL,
    states,
)
from pandadb.core.statemachine.effects import (
    INCREMENT,
    LOWER,
    NOW,
    NULL,
    UNLESS_SET,
    at_least,
    value,
    when,
)
from pandadb.core.statemachine.machine import Machine, State, Transition, by_name
from pandadb.models import JobsActive4, JobsArchived4, JobsDefined4, JobsWaiting4
from pandadb.models.jobs.columns import JobErrors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.models.jobs.all_tables import JobTable


STATES: Mapping[str, State[JobTable]] = by_name(
    (
        State("pending", (JobsDefined4,), "JEDI has made it and has not set it up"),
        State("defined", (JobsDefined4,), "it is to be set up: datasets, motion of its inputs"),
        State("waiting", (JobsWaiting4, JobsDefined4), "its input is missing"),
        State("assigned", (JobsDefined4,), "its inputs are on their way to the site"),
        State("activated", (JobsActive4,), "it may be dispatched"),
        State("throttled", (JobsActive4,), "it could run, but its user or task is held back"),
        State("sent", (JobsActive4,), "a pilot has it and has not been heard of"),
        State("starting", (JobsActive4,), "a pilot or batch queue has it; the payload has not run"),
        State("stagein", (JobsActive4,), "the pilot fetches inputs"),
        State("running", (JobsActive4,), "the payload runs"),
        State("stageout", (JobsActive4,), "the pilot stores outputs"),
        State("holding", (JobsActive4,), "the pilot has ended; its report is to be worked on"),
        State("transferring", (JobsActive4,), "its outputs are on their way"),
        State("merging", (JobsActive4, JobsArchived4), "its outputs wait for a job that merges"),
        State("finished", (JobsArchived4,), "it has succeeded", final=True),
        State("failed", (JobsArchived4, JobsActive4), "it has failed", final=True),
        State("cancelled", (JobsArchived4,), "somebody has killed it", final=True),
        State("closed", (JobsArchived4,), "the system has given it up", final=True),
    )
)


WAITING = ("pending", "defined", "assigned", "waiting")
RUNS = ("starting", "stagein", "running", "stageout")
NOT_RUN = ("sent", "starting", "stagein")
"""States of a job that a pilot has, before it is first seen running."""
ENDS = ("holding", "transferring", "merging")
LIVE = tuple(name for name, state in STATES.items() if not state.final)
FINAL = tuple(name for name, state in STATES.items() if state.final)
COMMANDED = ("running",)
"""States in which a kill is a command to the pilot."""
STOPPABLE = tuple(name for name in LIVE if name not in COMMANDED)
"""States that a kill ends at once."""
KILLS = ("kill", "kill hard", "close", "close hard")
"""Verbs of kill codes only."""
MERGED = "merged"
"""The verb of a merging job at the end of its merge job."""


JUDGED_VERBS = ("finish", "fail")
"""Verbs of jobs that end by themselves: the end of some depends on ranges of events."""
CONSUMED = ("finish events", "fail events")
"""Verbs of jobs that took ranges of events: the state that they end in depends on the ranges."""

READY, POSTPONE, REQUEUE, GIVE_BACK = "ready", "postpone", "requeue", "give back"
SET_STATE = "set state"
QUEUED = (READY, POSTPONE, REQUEUE, GIVE_BACK, SET_STATE)
"""Verbs of the job queue, for jobs that it controls."""


SET_BY_MOVER = ("pandaid", "jobstatus", "modificationtime", "statechangetime")
"""Columns that every transition keeps or sets, against the values of a caller."""


FINISHED_FROM = ("defined", "assigned", "sent", *RUNS, *ENDS)
FAILED_FROM = (*FINISHED_FROM, "failed")
ENDTIME = {"endtime": UNLESS_SET}
KILL_VALUES = {**ENDTIME, "starttime": when(states("starting"), NOW)}
SITELESS = {
    "currentpriority": at_least(100),
    "computingsite": when(NOT_BOUND, NULL),
    **dict.fromkeys(("computingelement", "dispatchdblock"), when(PRODUCTION, NULL)),
    "brokerageerrorcode": value(0),
    "brokerageerrordiag": NULL,
}
RESET_VALUES = {
    **dict.fromkeys(("starttime", "endtime", "transexitcode", "batchid"), NULL),
    **{name: value(0) if name.endswith("code") else NULL for name in get_annotations(JobErrors)},
    "attemptnr": INCREMENT,
    "currentpriority": when(PILOT_FAILED, LOWER),
    "specialhandling": when(HAS_LOCALPOOL, WITHOUT_POOL),
}

WITH_WORKER = ("sent", *RUNS, "holding", "transferring")
"""States of a job that a worker of the job queue may have."""
UNSTARTED = dict.fromkeys(("starttime", "endtime", "batchid"), NULL)
AGAIN = ("activated", "throttled", "pending")
"""States that a job goes back to from a worker: its group may be full, or its time be later."""

SETTABLE = (*AGAIN, *WITH_WORKER, *FINAL)
"""States that an administrator may give to a job of the job queue."""

TRANSITIONS = (
    Transition(
        "reset", ("activated",), "defined", "goes back, to find another site", (), SITELESS),
    Transition(
        "reset", WAITING, "defined", "is set up, or set up again"),
    Transition(
        "assign", ("defined",), "assigned", "has its inputs moved to its site"),
    Transition(
        "wait", ("defined", "assigned"), "waiting", "lacks an input", (NOT_KILLED,)),
    Transition(
        "activate", ("defined", "assigned"), "activated", "has its inputs", (NOT_KILLED,)),
    Transition(
        "throttle", ("activated",), "throttled", "is held back with its user or task",
        effects={"relocationflag": when(MOVABLE, value(THROTTLED))}),
    Transition(
        "release", ("throttled",), "activated", "is held back no longer",
        effects={"relocationflag": when(IS_THROTTLED, value(AT_SITE))}),
    Transition(
        "dispatch", ("activated",), "sent", "is given to a pilot",
        effects={"starttime": NOW, "jobexecutionid": value(0)}),
    Transition(
        "heartbeat", ("sent", "starting"), "starting", "is in a batch queue"),
    Transition(
        "heartbeat", ("sent", *RUNS), "stagein", "fetches its inputs"),
    Transition(
        "heartbeat", ("sent", *RUNS), "running", "runs, or still does",
        effects={"starttime": when(states(*NOT_RUN), NOW)}),
    Transition(
        "heartbeat", ("sent", *RUNS), "stageout", "stores its outputs"),
    Transition(
        "hold", ("sent", *RUNS), "holding", "has ended, says its pilot", effects=ENDTIME),
    Transition(
        "hold", ("transferring",), "holding", "is recovered by its pilot", (RECOVERS,), ENDTIME),
    Transition(
        "heartbeat", ("holding",), "holding", "has ended as its pilot says at last", (RECOVERS,),
        {"statechangetime": NOW, **ENDTIME}),
    Transition(
        "heartbeat", ("sent",), "transferring", "waits for its outputs, first says its pilot",
        effects=ENDTIME),
    Transition(
        "heartbeat", ("transferring",), "transferring", "still waits, as its pilot says",
        (RECOVERS,)),
    Transition(
        "transfer", (*RUNS, "holding"), "transferring", "waits for its outputs", effects=ENDTIME),
    Transition(
        "merge", (*RUNS, "holding", "transferring"), "merging", "is to be merged", effects=ENDTIME),
    Transition(
        "finish", FINISHED_FROM, "finished", "succeeds",
        effects=ENDTIME),
    Transition(
        "fail", FAILED_FROM, "failed", "fails",
        effects=ENDTIME),
    Transition(
        "kill", STOPPABLE, "cancelled", "is killed by somebody", effects=KILL_VALUES),
    Transition(
        "kill hard", COMMANDED, "cancelled", "is killed, and its pilot not asked", (), KILL_VALUES),
    Transition(
        "close", STOPPABLE, "closed", "is given up by the system", effects=KILL_VALUES),
    Transition(
        "close hard", COMMANDED, "closed", "is given up, and its pilot not asked", (), KILL_VALUES),
    *(
        Transition(MERGED, ("merging",), end, "ends with the job that merges", effects=ENDTIME)
        for end in FINAL
    ),
    *(
        Transition(
            verb, sources, end, "ends as its ranges of events have it", effects=ENDTIME)
        for verb, sources in zip(CONSUMED, (FINISHED_FROM, FAILED_FROM), strict=True)
        for end in ("merging", "finished", "failed", "closed")
    ),
    Transition(
        "retry", ("failed", "holding"), "activated", "is tried again, as the same job",
        (NO_END_COMMAND,), RESET_VALUES),
    *(
        Transition(READY, ("pending",), end, f"has no parent, time or user to wait for{but}")
        for end, but in (("activated", ""), ("throttled", ", but its group is full"))
    ),
    Transition(
        POSTPONE, ("activated", "throttled"), "pending", "waits for parents, a time or its user"),
    *(
        Transition(
            REQUEUE, WITH_WORKER, end, "is tried again by the job queue", (NO_END_COMMAND,),
            {**UNSTARTED, "attemptnr": INCREMENT})
        for end in AGAIN
    ),
    *(
        Transition(
            GIVE_BACK, WITH_WORKER, end, "is given back by its worker", (NO_END_COMMAND,),
            UNSTARTED)
        for end in AGAIN
    ),
    *(
        Transition(SET_STATE, LIVE, end, "is given the state by an administrator")
        for end in SETTABLE
    ),
)  # fmt: skip


JOBS = Machine(
    "job",
    ("pandaid",),
    "jobstatus",
    STATES,
    TRANSITIONS,
    changed_at=("modificationtime",),
    entered_at=("statechangetime",),
)
transitions = cache(JOBS.steps)


def legal_from(name: str) -> list[str]:
    """Return the verbs that have a transition from a state, and can be asked for."""
    return [verb for verb in JOBS.legal_from(name) if verb not in (*CONSUMED, *QUEUED)]


def home(name: str, waiting_table: str | None = None) -> JobTable:
    """Return the table that a job goes to when it enters a state.

    Waiting jobs go to JOBSWAITING4, or to the table of the setting (decision 6).

    Raises:
        UnknownState: No state has that name.
    """
    tables = JOBS.state(name).tables
    return next((t for t in tables if t.__tablename__ == waiting_table), tables[0])


def is_end(step: Transition) -> bool:
    """Return whether a step is an end; a job with events to be merged rests after one."""
    return STATES[step.target].final or step.verb in CONSUMED


def destination(step: Transition, waiting_table: str | None = None) -> JobTable:
    """Return the table of a job after a step."""
    return JobsArchived4 if is_end(step) else home(step.target, waiting_table)
