"""Messages that were understood: runs to reduce, cancels, and reports of other workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Received:
    """A message as it was received, for the record."""

    source: str
    message_id: str
    content_key: str
    destination: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    is_redelivered: bool = False
    """Whether the broker calls it redelivered, under another id, as RabbitMQ does."""
    destinations: Mapping[str, Any] = field(default_factory=dict)
    """Queues of events by names of settings, and as `keys` other names of keys."""


@dataclass(frozen=True)
class RunKey:
    """The name of a run: its versions have it in common."""

    instrument: str
    rb_number: int
    run_number: int


@dataclass(frozen=True)
class Variable:
    """A value of a variable, with its type."""

    name: str
    value: Any
    type: str
    is_advanced: bool = False
    help_text: str = ""
    is_given: bool = False
    """Whether the message has it: then it wins."""


@dataclass(frozen=True)
class RunRequest:
    """A run that is to be reduced."""

    key: RunKey
    facility: str
    body: Mapping[str, Any]
    """The keys of its events."""
    data: Sequence[str]
    run_version: int | None = None
    """None: the next one."""
    script: str | None = None
    variables: Sequence[Variable] = ()
    variables_last: bool = True
    """Whether its variables are those of later runs, too."""
    overwrite: bool | None = None
    description: str = ""
    started_by: int | None = None
    skipped: str | None = None
    """Why it is not reduced."""
    error: str | None = None
    """Why it cannot be reduced."""


@dataclass(frozen=True)
class JobRules:
    """Rules for the jobs of runs."""

    queue: str
    handler: str
    arguments: Mapping[str, Any]
    """Further arguments of the handler."""
    priority: int
    timeout: float
    last_version: int
    cancels_kept: float = 3600.0


@dataclass(frozen=True)
class AskedRun:
    """A message that asks for a run, with the rules of its job."""

    message: Received
    wanted: RunRequest
    rules: JobRules
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class CancelRequest:
    """A run that is to be cancelled."""

    run_number: int
    run_version: int
    instrument: str | None = None
    rb_number: int | None = None


@dataclass(frozen=True)
class RunReport:
    """A report of another system's worker on a run."""

    instrument: str | None
    """None: the report does not say, its numbers name the run."""
    rb_number: int
    run_number: int
    run_version: int
    status: str
    values: Mapping[str, Any] = field(default_factory=dict)
    retry_in: float | None = None
    started_by: int | None = None
    """The user of a run that is tried again; None: as before."""


@dataclass(frozen=True)
class Taken:
    """The result of a message."""

    kind: str
    pandaid: int | None = None
    reason: str | None = None
