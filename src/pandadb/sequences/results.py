"""Results of jobs as sequences see them, and the protocol of the sources that they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

FieldValue = int | str | list[int | str]
"""A value of a notification: digits are numbers, In and Out are lists."""


@dataclass(frozen=True)
class JobNumbers:
    """The numbers of submitted jobs; a submission prints one or several of them."""

    jobset: int | None = None
    """JOBSETID."""
    task: int | None = None
    """JEDITASKID."""
    job: int | None = None
    """JOBDEFINITIONID, the JobID of old clients."""

    @property
    def number(self) -> int:
        """The number that users see: of the job set, else of the job, else of the task."""
        return next(one for one in (self.jobset, self.job, self.task) if one is not None)

    @override
    def __str__(self) -> str:
        """Return the kind and the number, as notifications have them."""
        kind = "JobsetID" if self.jobset else "JobID" if self.job else "TaskID"
        return f"{kind} {self.number}"

    def has(self, fields: Mapping[str, FieldValue]) -> bool:
        """Report whether a notification with these fields is about these jobs.

        Its JobsetID decides; where there is none its JobID, else its TaskID. Job sets and jobs of
        a user are numbered by one counter; a job set of JEDI has the number of its task, unless
        the submission has printed another one.
        """
        if "JobsetID" in fields:
            return fields["JobsetID"] == (self.job if self.jobset is None else self.jobset)
        if "JobID" in fields:
            return fields["JobID"] in {self.job, self.jobset} - {None}
        task = self.jobset if self.task is None else self.task
        return task is not None and fields.get("TaskID") == task


@dataclass
class Result:
    """The result of a step: its status, its output, and for jobs the fields of the notification.

    The fields have the names of PanDA's notifications: JobsetID or TaskID, Created, Ended, Site,
    Jobs, Succeeded, Partial, Failed, Cancelled, In, Out, Parameters, FinalStatus and others.
    """

    status: int = 0
    output: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)

    def __getattr__(self, name: str) -> FieldValue:
        """Return a field of the notification."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.fields[name]
        except KeyError:
            known = ", ".join(["status", "output", *sorted(self.fields)])
            raise AttributeError(f"The result has no {name!r}: it has {known}") from None

    def put(self, name: str, value: Any) -> None:
        """Set a value that the sequence keeps in its result."""
        if name in ("status", "output"):
            setattr(self, name, value)
        else:
            self.fields = {**self.fields, name: value}


@dataclass(frozen=True)
class FoundResult:
    """The end of jobs, as a source has found it."""

    numbers: JobNumbers
    fields: Mapping[str, FieldValue]
    ended_at: datetime
    """When the jobs ended or the notification was sent; in UTC, without a zone."""


class ResultSource(Protocol):
    """A source of results, shared by the threads of all sequences."""

    def find(self, numbers: JobNumbers, *, newer_than: datetime | None) -> FoundResult | None:
        """Return the first result of jobs that ended after a time; None while there is none.

        It may be called often: a source decides how often it looks anew.

        Args:
            numbers: The jobs.
            newer_than: The time of their submission or of the last result, in UTC without a zone;
                None for any.
        """
        ...

    def wait(self, seconds: float) -> None:
        """Wait until something may have changed, for so many seconds at most."""
        ...

    def running(self) -> Iterable[JobNumbers]:
        """Return the jobs of the user that have not ended, each job set or task once."""
        ...

    def frozen(self, days: int) -> Iterable[FoundResult]:
        """Return the results of the last days, each job set or task once, the oldest first."""
        ...
