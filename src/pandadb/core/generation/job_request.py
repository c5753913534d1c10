"""Requests for the jobs of one chunk: its task, the rules and parameters, the user."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pandadb.core.generation.splitting.queue_facts import facts_of
from pandadb.core.tasks import split_rules
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pandadb.core.generation.slices import Chunk, Queue, Row
    from pandadb.core.generation.splitting.queue_facts import QueueFacts
    from pandadb.core.tasks.jedi_config import JediConfig

USER_LABELS = ("user", "panda")
"""Labels of users' jobs: payloads, and builds of libraries."""
TEST_LABELS = ("ptest", "rc_test", "rc_test2", "rc_alrb")
"""Labels of test jobs, which count in their user's JOBID, too."""
WORLD = "WORLD"
"""The cloud of tasks that run anywhere."""


class NotGenerated(PandaDBError):
    """The jobs of a chunk cannot be made; the task goes on hold with this reason."""


@dataclass(frozen=True)
class Submitter:
    """The user of the jobs."""

    userid: str
    """`prodUserID`: the DN of users' jobs, else the name."""
    username: str
    """`prodUserName`."""
    jobid: int = 0
    """The number of this call of the user, USERS.jobid; 0 for production."""


@dataclass(frozen=True)
class JobRequest:
    """A chunk of a task, and all that its jobs are made of."""

    chunk: Chunk
    template: str
    """Of the jobs' parameters."""
    taskparams: Mapping[str, Any]
    """The task's parameters, as it was submitted."""
    settings: JediConfig
    """Settings of the generation of jobs."""
    cloud: str | None
    submitter: Submitter
    when: datetime
    rules: Mapping[str, str] = field(default_factory=dict)
    known_facts: dict[str, QueueFacts] = field(default_factory=dict)
    """Those of queues that were asked for, by name."""

    @property
    def task(self) -> Row:
        """Return the columns of JEDI_TASKS."""
        return self.chunk.task

    @property
    def is_merging(self) -> bool:
        """Return whether the jobs merge outputs of others."""
        return self.chunk.is_merging

    @property
    def is_unmerged(self) -> bool:
        """Return whether the outputs of the jobs are to be merged."""
        return self.has("mergeOutput") and not self.is_merging

    @property
    def job_cloud(self) -> str | None:
        """Return the cloud of the jobs: the task's with CV, or if none was asked for."""
        asked = None if self.has("cloudAsVO") else self.cloud
        return self.task["cloud"] if asked is None else asked

    @cached_property
    def numbers(self) -> Mapping[str, int | None]:
        """Return the numbers of the task's split rules, by name."""
        known = [code for code in self.rules if code in split_rules.NAMES]
        return {split_rules.NAMES[c]: split_rules.rule_number(self.rules, c) for c in known}

    def has(self, rule: str) -> bool:
        """Return whether the task has a split rule, by name."""
        return self.numbers.get(rule) is not None

    def number(self, rule: str) -> int | None:
        """Return the number of a split rule, by name."""
        return self.numbers.get(rule)

    def facts(self, queue: Queue) -> QueueFacts:
        """Return the facts of a queue that limit its jobs."""
        if queue.name not in self.known_facts:
            self.known_facts[queue.name] = facts_of(queue)
        return self.known_facts[queue.name]

    def spec(self, name: str) -> Mapping[str, Any]:
        """Return a part of the task's parameters: buildSpec, mergeSpec.

        Raises:
            NotGenerated: The task has none.
        """
        found = self.taskparams.get(name)
        if not isinstance(found, dict):
            raise NotGenerated(f"the parameters of task {self.task['jeditaskid']} have no {name}")
        return found

    def required(self, name: str, key: str) -> str:
        """Return a value of a part of the task's parameters.

        Raises:
            NotGenerated: The part, or the value, is missing.
        """
        found = self.spec(name).get(key)
        if not isinstance(found, str):
            raise NotGenerated(f"{name} of task {self.task['jeditaskid']} has no {key}")
        return found
