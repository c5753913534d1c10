"""The report of a verb on a selection of jobs: which have changed, and why others have not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from pandadb.core.jobs.refusals import JobsLocked, Refusal, RefusalReason, Refused
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from pandadb.core.jobs.mover import MoveResult


@dataclass
class VerbReport:
    """The report of a verb: the same for one job and for a million, for a dry run and in earnest.

    A function that does a verb fills in jobs; `run_verb` fills in the name and whether it was dry.
    """

    states: dict[int, str] = field(default_factory=dict)
    """The chosen jobs that have changed, each with its state now."""
    refused: dict[int, Refusal] = field(default_factory=dict)
    """The chosen jobs that have not, each with the reason."""
    before: dict[int, str] = field(default_factory=dict)
    """The state that a job was in, for jobs that have gone to another."""
    attempts: dict[int, int] = field(default_factory=dict)
    """The jobs that were run again, each with its new attempt."""
    related: dict[int, str] = field(default_factory=dict)
    """Jobs that were not chosen and have changed with those, such as children: the state now."""
    verb: str = ""
    dry_run: bool = False
    """Whether the report is of changes that were undone."""

    @property
    def changed(self) -> list[int]:
        """The chosen jobs that have changed, in the order of their PandaIDs."""
        return sorted(self.states)

    @property
    def skipped(self) -> dict[int, str]:
        """The chosen jobs that have not changed, each with the reason as a sentence."""
        return {job: self.refused[job].sentence for job in sorted(self.refused)}

    @classmethod
    def of(cls, moved: MoveResult) -> Self:
        """Return the report of a move."""
        related = {**moved.merged, **dict.fromkeys(moved.follow.values(), "defined")}
        return cls({**moved.jobs}, {**moved.refused}, {**moved.before}, related=related)

    def add(self, other: VerbReport) -> None:
        """Add the report of more jobs of the same verb; a job that has changed is not refused."""
        for name in ("states", "refused", "before", "attempts", "related"):
            getattr(self, name).update(getattr(other, name))
        for job in other.states:
            self.refused.pop(job, None)

    def plain(self) -> dict[str, Any]:
        """Return the report for JSON."""
        reasons = {job: str(self.refused[job].reason) for job in sorted(self.refused)}
        return {
            "verb": self.verb,
            "dry_run": self.dry_run,
            "changed": self.changed,
            "skipped": self.skipped,
            "reasons": reasons,
            "states": self.states,
            "before": self.before,
            "attempts": self.attempts,
            "related": self.related,
        }


class TooMany(PandaDBError):
    """A verb for more jobs than its limit allows; nothing was changed."""

    def __init__(self, verb: str, number: int, limit: int) -> None:
        super().__init__(
            f"{verb} would take {number:,} jobs, and the limit is {limit:,}: "
            "choose fewer, or give a higher limit"
        )
        self.number, self.limit = number, limit


class VerbAborted(Refused):
    """A verb that one of its jobs refused, and that was not to skip any: nothing was changed."""

    def __init__(self, refused: dict[int, Refusal]) -> None:
        first = refused[min(refused)]
        more = f", and {len(refused) - 1:,} more jobs were refused" if len(refused) > 1 else ""
        super().__init__(Refusal(first.reason, f"{first.sentence}{more}"))
        self.refused = refused


class NotFound(VerbAborted):
    """A job of a verb is unknown, or is none that the verb is for; nothing was changed."""


class NotAllowed(VerbAborted):
    """The state of a job, or of one that depends on it, forbids a verb; nothing was changed."""


class Locked(VerbAborted, JobsLocked):
    """Another transaction has locked a job of a verb; nothing was changed."""


def aborted(refused: dict[int, Refusal]) -> VerbAborted:
    """Return the error of a verb that jobs have refused: of the first of them."""
    reason = refused[min(refused)].reason
    classes = {RefusalReason.UNKNOWN: NotFound, RefusalReason.LOCKED: Locked}
    return classes.get(reason, NotAllowed)(refused)
