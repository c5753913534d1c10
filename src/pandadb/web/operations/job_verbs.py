"""The verbs on jobs that pages offer: their forms, their calls, the states that they are for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pandadb.database import Database
from pandadb.errors import InvalidInput
from pandadb.services import jobs, queue, selection
from pandadb.services.queue import VerbOptions, VerbRules
from pandadb.services.selection import VerbReport
from pandadb.web.operations.parameters import Parameter, flag, number


@dataclass(frozen=True)
class Call:
    """A call of a verb."""

    database: Database
    pandaids: list[int]
    by: str
    """The name of the user."""
    values: Mapping[str, str]
    """Of its parameters."""
    options: VerbOptions

    @property
    def rules(self) -> VerbRules:
        """The rules of verbs on queued jobs: a job that is refused does not stop the others."""
        return VerbRules(self.options, on_error="skip")


@dataclass(frozen=True)
class JobVerb:
    """A verb on jobs."""

    name: str
    meaning: str
    """The effect on each job, as the end of a sentence."""
    act: Callable[[Call], VerbReport]
    matrix: tuple[str, ...] = ()
    """Its names in the matrix of verbs and states of queued jobs; none if it is not for them."""
    states: tuple[str, ...] = ()
    """States of jobs that are not of a job queue, if it is for these."""
    parameters: tuple[Parameter, ...] = ()
    is_dangerous: bool = False
    """Whether it ends or deletes jobs."""


def _kill(call: Call) -> VerbReport:
    killed = jobs.kill(
        call.database,
        call.pandaids,
        by=call.by,
        code=number(call.values, "code"),
        hard=flag(call.values, "hard"),
        keep_unmerged=flag(call.values, "keep_unmerged"),
        options=call.options,
    )
    report = VerbReport.of(killed)
    report.states |= dict.fromkeys(killed.told, ASKED)
    return report


def _retry(call: Call) -> VerbReport:
    same = flag(call.values, "same")
    done = jobs.retry(call.database, call.pandaids, call.options, same=same)
    return VerbReport(dict.fromkeys(done.jobs, "activated"), done.refused, attempts=done.jobs)


def _move(verb: str, call: Call) -> VerbReport:
    return VerbReport.of(jobs.advance(call.database, verb, call.pandaids, call.options))


def _of_queue(verb: Callable[..., VerbReport], call: Call, **given: Any) -> VerbReport:
    return verb(call.database, call.pandaids, call.rules, **given)


def _rerun(call: Call) -> VerbReport:
    return _of_queue(queue.rerun, call, force=flag(call.values, "force"))


def _cancel(call: Call) -> VerbReport:
    cascade = flag(call.values, "cascade")
    return _of_queue(queue.cancel_jobs, call, by=call.by, cascade=cascade)


def _stop(call: Call) -> VerbReport:
    return _of_queue(queue.stop_jobs, call, by=call.by)


def _delete(call: Call) -> VerbReport:
    return _of_queue(queue.delete_jobs, call, whole_flows=flag(call.values, "whole_flows"))


def _set_state(call: Call) -> VerbReport:
    return queue.set_state(call.database, call.pandaids, call.values["state"], call.rules)


def _set(call: Call, column: str, text: str) -> VerbReport:
    name, value = selection.typed_property(column, text)
    return selection.update(
        call.database, call.pandaids, options=call.options, on_error="skip", **{name: value}
    )


def _set_priority(call: Call) -> VerbReport:
    return _set(call, "priority", str(number(call.values, "priority")))


def _set_property(call: Call) -> VerbReport:
    return _set(call, call.values["column"], call.values["value"])


def _legal(verb: str) -> tuple[str, ...]:
    """Return the source states of a transition of PanDA."""
    return tuple(state for state in jobs.STATES if verb in jobs.legal_from(state))


ASKED = "asked to end"
ANY_LIVE = "any live job"
"""Of verbs that are for queued jobs in every state before the end."""
LIVE = tuple(name for name, state in jobs.STATES.items() if not state.final)
QUEUED = ("pending", "defined", "waiting", "assigned", "activated", "throttled")
"""States before a worker or a pilot has a job."""
WITH_PILOT = tuple(name for name in LIVE if name not in (*QUEUED, "merging"))
MOVES = {
    "hold": "waits for its report to be processed: its pilot has ended",
    "release": "may be dispatched again: it is held back no longer",
    "throttle": "is held back, for its user or task",
    "activate": "may be dispatched: its inputs are there",
    "assign": "has its inputs moved to its site",
    "wait": "waits for an input that is missing",
    "reset": "goes back to where it is set up",
    "transfer": "waits for its outputs to be transferred",
    "merge": "waits for a job that merges its outputs",
    "finish": "ends: it has succeeded",
    "fail": "ends: it has failed",
}
ENDS = ("finish", "fail")
VERBS: Mapping[str, JobVerb] = {
    verb.name: verb
    for verb in (
        JobVerb("pause", "does not start until it is resumed",
                partial(_of_queue, queue.pause), ("pause",)),
        JobVerb("resume", "goes on: a paused job, or one that was stopped",
                partial(_of_queue, queue.resume), ("resume",)),
        JobVerb("rerun", "begins anew, and its children wait for it again", _rerun,
                ("rerun", "rerun by force"),
                parameters=(Parameter("force", "With children that have begun", "checkbox"),)),
        JobVerb("retry step", "has its present step tried again at once, as the same attempt",
                partial(_of_queue, queue.retry), ("retry",)),
        JobVerb("retry", "is tried again as a new job", _retry,
                states=("failed", "holding", "cancelled", "closed"),
                parameters=(Parameter("same", "As the same job, while it is active", "checkbox"),)),
        JobVerb("set priority", "has the priority", _set_priority, ("set priority",), QUEUED,
                (Parameter("priority", "Priority", "number", hint="the highest comes first",
                           is_required=True),)),
        JobVerb("set", "has the property", _set_property, ("set properties",), QUEUED,
                (Parameter("column", "Property", "choice", "computingsite",
                           options=selection.SETTABLE),
                 Parameter("value", "Value", is_required=True))),
        *(JobVerb(name, meaning, partial(_move, name), states=_legal(name),
                  is_dangerous=name in ENDS) for name, meaning in MOVES.items()),
        JobVerb("end commanded", "ends, if it has the command to end: its pilot has ended",
                partial(_move, "cancel"), states=WITH_PILOT, is_dangerous=True),
        JobVerb("stop", "is cancelled if it is ready or in flight", _stop, ("stop",),
                is_dangerous=True),
        JobVerb("cancel", "is cancelled; with a payload, when its worker has ended that", _cancel,
                (ANY_LIVE,), parameters=(
                    Parameter("cascade", "With all jobs that depend on them", "checkbox"),),
                is_dangerous=True),
        JobVerb("kill", "ends by a kill code; with a payload, when its pilot has ended that", _kill,
                (ANY_LIVE,), LIVE, (
                    Parameter("code", "Kill code", "number", "9", "9 by hand, 51 to reassign"),
                    Parameter("hard", "Running jobs, too, without asking", "checkbox"),
                    Parameter("keep_unmerged", "Leave inputs of merge jobs to others",
                              "checkbox")), is_dangerous=True),
        JobVerb("set state", "has the state, for administrators", _set_state, ("set state",),
                parameters=(Parameter("state", "State", "choice", "ready",
                                      options=tuple(queue.Standing)),), is_dangerous=True),
        JobVerb("delete", "is deleted with its attempts, files, results and logs", _delete,
                ("delete",), parameters=(
                    Parameter("whole_flows", "With the last job of a flow", "checkbox"),),
                is_dangerous=True),
    )
}  # fmt: skip
"""All verbs, those that end jobs last."""


def known(name: str) -> JobVerb:
    """Return a verb by its name.

    Raises:
        InvalidInput: There is no such verb.
    """
    if name not in VERBS:
        raise InvalidInput(f"There is no verb {name!r}: there are {', '.join(VERBS)}")
    return VERBS[name]


def of_job(job: Mapping[str, Any], wait: queue.JobWait) -> list[JobVerb]:
    """Return the verbs that the state of a job allows, by the tables of states and verbs."""
    if job["table"] not in CHANGEABLE:
        return []
    if wait.standing is not None:
        allowed = queue.verbs_of(wait.standing)
        allowed += [ANY_LIVE] if job["jobstatus"] in LIVE else []
        return [verb for verb in VERBS.values() if {*verb.matrix} & {*allowed}]
    again = ("retry",) if job["table"] == ENDED else tuple(VERBS)
    return [v for v in VERBS.values() if v.name in again and job["jobstatus"] in v.states]


ENDED = "jobsarchived4"
"""The table of jobs that have ended: none moves on, some are tried again."""
CHANGEABLE = ("jobsdefined4", "jobswaiting4", "jobsactive4", "jobsarchived4")
"""Tables of jobs that verbs change; the archive stays as it is."""
