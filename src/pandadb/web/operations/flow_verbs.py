"""Verbs on flows as pages offer them, and their outcomes as sentences."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pandadb.database import Database
from pandadb.errors import InvalidInput
from pandadb.services import queue
from pandadb.services.queue import VerbOptions, VerbRules
from pandadb.web.operations.outcome_texts import OutcomeText
from pandadb.web.operations.parameters import Parameter, flag

FAILED = ("failed", "suspended")
"""States of jobs that a rerun of their flow runs again."""
Changed = Mapping[int, str]


@dataclass(frozen=True)
class FlowVerb:
    """A verb on flows."""

    name: str
    meaning: str
    act: Callable[[Database, int, Mapping[str, str], VerbOptions], Changed]
    parameters: tuple[Parameter, ...] = ()
    is_dangerous: bool = False


def _stop(database: Database, flow: int, _: Mapping[str, str], options: VerbOptions) -> Changed:
    return queue.flows.stop(database, flow, options).jobs


def _resume(database: Database, flow: int, _: Mapping[str, str], options: VerbOptions) -> Changed:
    return queue.flows.resume(database, flow, options).jobs


def _rerun(
    database: Database, flow: int, values: Mapping[str, str], options: VerbOptions
) -> Changed:
    found = queue.flows.get(database, flow)
    jobs = [one["pandaid"] for one in found.jobs if one["state"] in FAILED]
    force = flag(values, "force")
    return queue.rerun(database, jobs, VerbRules(options), force=force).states if jobs else {}


def _delete(
    database: Database, flow: int, values: Mapping[str, str], options: VerbOptions
) -> Changed:
    found = queue.flows.get(database, flow)
    queue.flows.delete(database, flow, options, cancel=flag(values, "cancel"))
    return {one["pandaid"]: "deleted" for one in found.jobs}


VERBS: Mapping[str, FlowVerb] = {
    verb.name: verb
    for verb in (
        FlowVerb("resume", "paused and stopped jobs go on", _resume),
        FlowVerb("rerun", "failed jobs run again", _rerun,
                 (Parameter("force", "With children that have begun", "checkbox"),)),
        FlowVerb("stop", "jobs that no worker has are closed, also those that are added", _stop,
                 is_dangerous=True),
        FlowVerb("delete", "the flow is deleted with all its jobs", _delete,
                 (Parameter("cancel", "Cancel jobs that have not ended", "checkbox"),),
                 is_dangerous=True),
    )
}  # fmt: skip


def known(name: str) -> FlowVerb:
    """Return a verb by its name.

    Raises:
        InvalidInput: There is no such verb.
    """
    if name not in VERBS:
        raise InvalidInput(f"There is no verb {name!r} of flows: there are {', '.join(VERBS)}")
    return VERBS[name]


def run(
    database: Database, flow: int, verb: FlowVerb, values: Mapping[str, str], *, dry_run: bool
) -> OutcomeText:
    """Do a verb on a flow, or try it."""
    before = _states(database, flow) if dry_run else {}
    changed = verb.act(database, flow, values, VerbOptions(dry_run=dry_run))
    would = "would be" if dry_run else "are"
    if not changed and verb.name != "delete":
        return OutcomeText(
            "No job changes: none is in a state that the verb is for.", changes=False
        )
    counts = Counter(changed.values())
    words = ", ".join(f"{number:,} {would} {state}" for state, number in counts.items())
    details = [f"Job {job}: {state}" for job, state in sorted(changed.items())]
    steps = [f"{job}:{before.get(job)}>{state}" for job, state in changed.items()]
    return OutcomeText(f"Of the jobs of flow {flow}, {words or 'none'}.", details, steps=steps)


def _states(database: Database, flow: int) -> dict[int, str]:
    return {one["pandaid"]: str(one["state"]) for one in queue.flows.get(database, flow).jobs}
