"""Graphs of new jobs, and the answers of jobs that change their own flow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pandadb.core.queue.input.new_jobs import NewQueueJob
from pandadb.core.sql.validation import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

INHERITED = ("queue", "priority", "resources", "exec_config", "username")
"""Values that a job has of its flow, or of the job that adds it, if it has none of its own."""


@dataclass(frozen=True)
class Graph:
    """Jobs that wait for each other by their names, such as a job adds to its flow.

    Raises:
        InvalidValue: It has no job, or its output is none of them.
    """

    jobs: Sequence[NewQueueJob]
    output: str | None = None
    """The job with the result of the graph: children of a replaced job wait for it."""

    def __post_init__(self) -> None:
        if not self.jobs:
            raise InvalidValue("A graph needs a job")
        if self.output is not None and self.output not in {job.name for job in self.jobs}:
            raise InvalidValue(f"{self.output!r} is to be the output, and is no job of the graph")

    @classmethod
    def of(cls, given: Graph | NewQueueJob | Sequence[NewQueueJob]) -> Self | Graph:
        """Return a graph of one job, or of several."""
        if isinstance(given, Graph):
            return given
        return cls([given] if isinstance(given, NewQueueJob) else [*given])

    def leaves(self) -> list[int]:
        """Return the places of the jobs that no other waits for."""
        parents = {parent for job in self.jobs for parent in job.parents}
        return [place for place, job in enumerate(self.jobs) if job.name not in parents]

    def output_place(self) -> int | None:
        """Return the place of the output, if there is one."""
        names = [job.name for job in self.jobs]
        return None if self.output is None else names.index(self.output)


@dataclass(frozen=True)
class Response:
    """Changes of its flow at the end of a job; each is a graph, a job, or several jobs."""

    replace: Graph | NewQueueJob | Sequence[NewQueueJob] | None = None
    """The successor of the job: its children wait for that job, or for the graph's output.

    A graph without an output, or several jobs, are beside the children: none takes its place.
    """
    detour: Graph | NewQueueJob | Sequence[NewQueueJob] | None = None
    """Jobs between the job and its children."""
    addition: Graph | NewQueueJob | Sequence[NewQueueJob] | None = None
    """Jobs beside the children."""
    stop_children: bool = False
    """Whether the children are closed, unless they run or are paused."""
    stop_flow: bool = False
    """Whether all jobs of the flow are closed, unless they run or are paused."""


def with_defaults(job: NewQueueJob, defaults: Mapping[str, Any]) -> NewQueueJob:
    """Return a job with the values that it inherits."""
    missing = {
        name: value
        for name, value in defaults.items()
        if name in INHERITED and getattr(job, name) in (None, "") and value is not None
    }
    return replace(job, **missing) if missing else job


def named(jobs: Sequence[NewQueueJob], taken: Iterable[str | None] = ()) -> list[NewQueueJob]:
    """Return the jobs of a graph with names that differ, and from those that are taken.

    A job without a name gets one. A name that is taken gets a number.

    Raises:
        InvalidValue: Two of the jobs have the same name.
    """
    given = [job.name for job in jobs if job.name is not None]
    if twice := next((name for name in given if given.count(name) > 1), None):
        raise InvalidValue(f"Two jobs of the flow have the name {twice!r}")
    seen, new = {*taken, *given}, {}
    known = {*taken}
    for place, job in enumerate(jobs):
        if job.name is not None and job.name not in known:
            continue
        base = job.name or "job"
        number = 2 if job.name else 1
        while (name := f"{base} {number}") in seen:
            number += 1
        seen.add(name)
        new[place] = name
    renamed = {job.name: new[place] for place, job in enumerate(jobs) if place in new and job.name}
    return [
        replace(
            job,
            name=new.get(place, job.name),
            parents=[renamed.get(p, p) if isinstance(p, str) else p for p in job.parents],
        )
        if place in new or renamed
        else job
        for place, job in enumerate(jobs)
    ]
