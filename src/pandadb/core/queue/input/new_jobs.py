"""Jobs to submit to a queue, and the jobs of PanDA that are made of them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.core.control.dependencies import BLOCK, ON_FAILURE
from pandadb.core.jobs.creation.submission import NewJob
from pandadb.core.queue.input import job_checks
from pandadb.core.sql.validation import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

LETTERS = "bcdfghjkmnpqrstvwxyz"
"""Consonants without `l`: readable over the phone, and with few words to be ashamed of."""
PUBLIC_ID_LENGTH = 12
"""Letters of a public id: 52 bits, so that no guess finds one."""
PAIRS = [first + second for first in LETTERS for second in LETTERS]
OWNER = "pandadb"
"""The value of `lockedby`: the name of the system that a job belongs to."""


@dataclass(frozen=True)
class NewQueueJob:
    """A job to submit to a queue: a program (`argv`), or a function of the worker (`handler`).

    Raises:
        InvalidValue: A value is malformed or beyond its limits.
    """

    queue: str = ""
    """Empty: that of the flow."""
    name: str | None = None
    """Name of the job in its call and its flow, for `parents`."""
    argv: Sequence[str] | None = None
    handler: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments of the handler."""
    env: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Files of the job directory, each with its text."""
    timeout: float | None = None
    """Seconds that the payload may run."""
    stderr_is_failure: bool = False
    """Whether a program that writes to its standard error has failed, with exit code 0, too."""
    failure_is_final: bool = False
    """Whether a payload that fails ends the job: then only lost attempts are repeated."""
    priority: int | None = None
    """None: that of the flow, or 0."""
    parents: Sequence[str | int] = ()
    """Jobs that have to end first: names in the same call, or PandaIDs."""
    on_failure: str = BLOCK
    """The rule for the job if a parent does not finish: block, ignore or cancel."""
    group: str | None = None
    run_after: datetime | None = None
    """The earliest time (naive UTC) at which the job is ready."""
    delay: float = 0
    """The earliest time at which the job is ready, in seconds from now."""
    dedupe_key: str | None = None
    """No two live jobs of a queue have the same; a second one is not made."""
    max_attempts: int = 1
    backoff: int = 0
    """Seconds between the first attempt and the second; doubled after each."""
    backoff_limit: int = 3600
    """Seconds between two attempts at most."""
    username: str | None = None
    metadata: Mapping[str, Any] | None = None
    resources: Mapping[str, Any] | None = None
    exec_config: str | Mapping[str, Any] | None = None
    announce: bool = False
    """Whether the end of the job is an event of the outbox."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Further columns of the job, as PanDA names them; none that the queue sets itself."""
    files: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        job_checks.check(self)
        if self.argv is not None and self.handler is not None:
            raise InvalidValue("A job has either a program (argv) or a handler, not both")
        if self.argv is not None and not self.argv:
            raise InvalidValue("argv is empty: it needs at least the name of a program")
        if self.on_failure not in ON_FAILURE:
            known = ", ".join(ON_FAILURE)
            raise InvalidValue(f"on_failure is one of {known}, not {self.on_failure!r}")

    @property
    def kind(self) -> str:
        """Return the kind of the payload: argv, handler, or none."""
        return "argv" if self.argv is not None else "none" if self.handler is None else "handler"

    @property
    def details(self) -> dict[str, Any] | None:
        """Return the values that the control row keeps for the controller."""
        found = {
            "metadata": self.metadata,
            "resources": self.resources,
            "exec_config": self.exec_config,
        }
        return {name: value for name, value in found.items() if value is not None} or None

    def parameters(self) -> str:
        """Return the payload as JSON, for JOBPARAMSTABLE."""
        found: dict[str, Any] = {
            "argv": None if self.argv is None else [*self.argv],
            "handler": self.handler,
            "arguments": dict(self.arguments),
            "env": dict(self.env),
            "inputs": dict(self.inputs),
            "timeout": self.timeout,
            "stderr_is_failure": self.stderr_is_failure,
            "failure_is_final": self.failure_is_final,
        }
        return json.dumps({name: value for name, value in found.items() if value})

    def as_job(self, jeditaskid: int | None) -> NewJob:
        """Return the job of PanDA."""
        own: dict[str, Any] = {
            "computingsite": self.queue,
            "currentpriority": self.priority or 0,
            "assignedpriority": self.priority or 0,
            "attemptnr": 1,
            "maxattempt": self.max_attempts,
            "lockedby": OWNER,
            "jobname": self.name,
            "produsername": self.username,
            "jeditaskid": jeditaskid,
        }
        columns = {name: value for name, value in own.items() if value is not None}
        return NewJob({**columns, **self.columns}, self.files, self.parameters())


def draw_public_id() -> str:
    """Return a new public id of a job."""
    number, letters = secrets.randbelow(len(LETTERS) ** PUBLIC_ID_LENGTH), ""
    for _ in range(0, PUBLIC_ID_LENGTH, 2):
        number, pair = divmod(number, len(PAIRS))
        letters += PAIRS[pair]
    return letters
