"""The global share of a task or a job: the first leaf with patterns that match (semantics 7.3).

Patterns are regular expressions that match from the beginning of a value, not to its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pandadb.core.shares.tree import UNDEFINED_SHARE
from pandadb.core.sql.validation import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.shares.tree import Share

    Values = Mapping[str, str | None]
    """Values by the column of their pattern: None matches no pattern, no value matches any."""

ES_MERGE = 2
"""The `eventservice` of jobs that merge the output of ranges of events."""
ES_MERGE_SHARE = "Express"
WORKING_GROUP_OF_NONE = " "
"""The working group of a task without one, to a pattern."""
NULL_OF_JOBS = "NULL"
"""The value of a job's column without one, to a pattern."""


@dataclass(frozen=True)
class Trial:
    """A leaf or a queue that was tried, with the reason why it does not match, if it does not."""

    name: str
    reason: str | None = None


def task_values(task: Mapping[str, Any]) -> Values:
    """Return the values of a task; columns that it lacks match any pattern, but for the group.

    `rtype` is the resource type of the first queue that the task has to run at, if there is one.
    """
    values = {
        "prodsourcelabel": task.get("prodsourcelabel"),
        "campaign": task.get("campaign") or None,
        "processingtype": task.get("processingtype"),
        "transpath": task.get("transpath"),
        "rtype": task.get("rtype") or None,
    }
    group = task.get("workinggroup")
    found = {name: value for name, value in values.items() if value is not None}
    return found | {"workinggroup": WORKING_GROUP_OF_NONE if group is None else group}


def job_values(job: Mapping[str, Any]) -> Values:
    """Return the values of a job: campaign and transpath are not compared.

    `rtype` is the resource type of the job's queue; without it no share with an rtype matches.
    """
    return {
        "prodsourcelabel": _text(job.get("prodsourcelabel")),
        "workinggroup": _text(job.get("workinggroup")),
        "processingtype": _text(job.get("processingtype")),
        "rtype": job.get("rtype"),
    }


def _text(value: str | None) -> str:
    return NULL_OF_JOBS if value is None else value


class ShareMatcher:
    """Finds the leaves of tasks and jobs; values that were seen before are not compared again."""

    def __init__(self, leaves: Sequence[Share]) -> None:
        self.leaves = leaves
        self.has_rtypes = any("rtype" in share.patterns for share in leaves)
        """Whether the resource types of queues are needed at all."""
        self._found: dict[tuple[Any, ...], str] = {}

    def share_of_task(self, task: Mapping[str, Any]) -> str:
        """Return the name of the task's leaf, or `Undefined`."""
        return self._share(task_values(task))

    def share_of_job(self, job: Mapping[str, Any]) -> str:
        """Return the name of the job's leaf, or `Undefined`; jobs that merge events are express."""
        if job.get("eventservice") == ES_MERGE:
            return ES_MERGE_SHARE
        return self._share(job_values(job))

    def _share(self, values: Values) -> str:
        key = tuple(values.items())
        found = self._found.get(key)
        if found is None:
            trials = (share.name for share in self.leaves if mismatch(share, values) is None)
            found = self._found[key] = next(trials, UNDEFINED_SHARE)
        return found

    def explain(self, values: Values) -> list[Trial]:
        """Return the leaves that were tried in their order, up to the first that matches."""
        trials: list[Trial] = []
        for share in self.leaves:
            trials.append(Trial(share.name, mismatch(share, values)))
            if trials[-1].reason is None:
                break
        return trials


def mismatch(share: Share, values: Values) -> str | None:
    """Return the first reason why values do not match the patterns of a share, or None."""
    for column, pattern in share.patterns.items():
        if column not in values:
            continue
        value = values[column]
        if value is None:
            return f"{column} has to be like {shown(pattern)}, and is not known"
        compiled = compile_pattern(pattern)
        if compiled is None:
            return f"{column} has {shown(pattern)}, which is no pattern"
        if compiled.match(value) is None:
            return f"{column} {shown(value)} is not like {shown(pattern)}"
    return None


@lru_cache(1000)
def compile_pattern(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern that can be matched, or None: the text is no regular expression."""
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
