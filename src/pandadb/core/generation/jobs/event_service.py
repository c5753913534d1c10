"""Rules of tasks whose jobs take ranges of events: event service, clones, fine-grained ones.

Job generation 8. A task of the event service has several jobs for the same input, its consumers;
each takes ranges that no other has. Clones are consumers with all events in one range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.events.kinds import JobKind
from pandadb.core.generation.task_rules import CONSUMING
from pandadb.core.tasks.split_rules import has_rule, rule_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Queue, Row

    Rules = Mapping[str, str]

EVERY_JOB = "all"
"""The `jobseed` of a queue that takes jobs of all kinds: with SE it gets ordinary ones."""
DEFAULT_ATTEMPTS = 3
"""Further attempts of a job of the event service, without XJ and XA."""


def has_consumers(task: Row) -> bool:
    """Return whether a task is of the event service, or has clones."""
    return task["eventservice"] in CONSUMING


def consumers(task: Row, rules: Rules) -> int | None:
    """Return the number of jobs for the same input (EC); None for one with nothing of its own."""
    return rule_number(rules, "EC") if has_consumers(task) else None


def queues_of_job(task: Row, rules: Rules) -> int:
    """Return the number of queues that the consumers of an input are spread over (NS)."""
    return (rule_number(rules, "NS") or 1) if has_consumers(task) else 1


def walltime_parts(task: Row, rules: Rules) -> int:
    """Return the number of jobs that share the time which the input takes; clones share none."""
    return 1 if has_rule(rules, "UC") else consumers(task, rules) or 1


def takes_ranges(request: JobRequest, queue: Queue) -> bool:
    """Return whether the jobs of a queue take ranges of events, one after the other."""
    return not request.is_merging and (serves(request, queue) or request.has("fineGrainedProc"))


def serves(request: JobRequest, queue: Queue) -> bool:
    """Return whether the jobs of a queue are of the event service: with SE not of each queue."""
    is_normal = request.has("switchEStoNormal") and queue.facts.get("jobseed") == EVERY_JOB
    return has_consumers(request.task) and not is_normal


def consumers_at(request: JobRequest, queue: Queue) -> int | None:
    """Return the number of jobs for the same input on a queue; None where a job has it alone."""
    if request.is_merging or not serves(request, queue):
        return None
    return consumers(request.task, request.rules)


def kind_of_jobs(request: JobRequest, queue: Queue) -> int | None:
    """Return EVENTSERVICE of the jobs of a queue; None for ordinary ones.

    Tasks that may have jumbo jobs have co-jumbo ones, also while these are disabled.
    """
    if request.has("fineGrainedProc"):
        return JobKind.FINE_GRAINED
    if not takes_ranges(request, queue):
        return None
    may_have_jumbo = request.task["usejumbo"] is not None
    return JobKind.CO_JUMBO if may_have_jumbo else JobKind.EVENT_SERVICE


def last_attempt(request: JobRequest, queue: Queue, attempt: int) -> int:
    """Return MAXATTEMPT of a job: more than its own of the event service (XJ, else XA)."""
    if request.is_merging or not serves(request, queue):
        return attempt
    further = request.number("maxAttemptEsJob")
    if further is None:
        further = request.number("maxAttemptES")
    return attempt + (DEFAULT_ATTEMPTS if further is None else further)
