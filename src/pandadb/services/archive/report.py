"""Reports of the archiver: steps, results, deferrals, and the report of a run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pandadb.core.archive.deferrals import Reason
from pandadb.errors import Outcome, PandaDBError
from pandadb.services.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from pandadb.core.archive.deferrals import Deferral
    from pandadb.core.archive.layout import Day, Part
    from pandadb.core.archive.orphans import Finding
    from pandadb.core.archive.transfer.rows import MovedRows


class Step(StrEnum):
    """The steps of a day that is swapped, in their order."""

    INDEX = "index"
    BOUND = "bound"
    COUNT = "count"
    SWAP = "swap"
    PROVE = "prove"
    ROWS = "rows"
    """Instead of all these, for a day with its place taken."""


class CopyStep(StrEnum):
    """The steps of a day that goes to another database; the last two are those of its drop here."""

    COPY = "copy"
    BUILD = "build"
    ATTACH = "attach"
    PROVE = "prove"
    RECOUNT = "recount"
    DROP = "drop"


class NextStep(StrEnum):
    """The next step of a day."""

    COPY = "copy"
    DROP = "drop"
    WAIT = "wait"


class Verdict(StrEnum):
    """The result of the count after a transfer."""

    SAME = "same"
    CHANGED = "changed"
    """Rows were updated or added meanwhile; it is proven as it is now."""
    LOST = "lost"
    """There are fewer rows than before."""
    RESTLESS = "restless"
    """It changes all the time: the next run counts again."""


@dataclass(frozen=True)
class MovedDay:
    """A day that has been moved."""

    day: Day
    rows: dict[str, int]
    """Rows of each partition, by its name among the live ones."""
    findings: list[Finding]
    verdicts: dict[str, Verdict]
    locked: float
    """Seconds with locked tables, at most."""


@dataclass(frozen=True)
class CopyState:
    """The state of a day."""

    day: Day
    due: NextStep
    parts: tuple[Part, ...] = ()
    """Partitions to be copied, or to be dropped."""
    until: datetime | None = None
    """The end of the wait; None if it is deferred."""
    is_new: bool = False
    """Whether nothing of it has been copied before."""


@dataclass
class RowTransferResult:
    """Result of a move by rows: jobs that were moved, and jobs that were not."""

    jobs: list[int] = field(default_factory=list)
    """PandaIDs; some may be of rows that no job belongs to."""
    rows: dict[str, int] = field(default_factory=dict)
    """For each table, how many came to it."""
    refused: dict[int, str] = field(default_factory=dict)
    """Jobs that are on both sides, each with a sentence: nothing of them was touched."""
    contended: list[int] = field(default_factory=list)
    """Jobs that stayed, as their locks were not free."""
    strayed: dict[str, int] = field(default_factory=dict)
    """Rows that came to DEFAULT partitions."""
    unproven: list[str] = field(default_factory=list)
    """Partitions of the archive without a proof: there is none now either."""
    is_over: bool = False
    """Whether the time was over before all jobs were moved."""

    def add(self, pandaids: Collection[int], moved: MovedRows) -> None:
        """Add a batch that was moved."""
        self.jobs += pandaids
        for table, number in moved.rows.items():
            self.rows[table] = self.rows.get(table, 0) + number
        for (_, name), number in moved.arrived.items():
            if name.endswith("_default"):
                self.strayed[name] = self.strayed.get(name, 0) + number
        self.unproven = sorted({*self.unproven, *moved.unproven})


@dataclass(frozen=True)
class DayMergeResult:
    """The result of a day that was moved by rows to existing partitions."""

    day: Day
    gone: RowTransferResult
    dropped: list[str]
    """Partitions of live tables that were empty then."""
    put_off: str | None = None
    """Why it ended midway; the rest of the day is where it was."""
    reason: Reason | None = None
    """The code of that."""
    failed: str | None = None
    """The error that ended it midway, or that keeps empty partitions."""
    contended: bool = False
    """Whether locks were not free, so that empty partitions have stayed."""

    @property
    def is_done(self) -> bool:
        """Return whether a row was moved or a partition dropped."""
        return bool(self.gone.jobs or self.dropped)


class Deferred(PandaDBError):
    """A day or a month that stays where it is for now."""

    def __init__(self, why: Deferral) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(frozen=True)
class Progress:
    """The progress of a run."""

    day: Day
    step: Step | CopyStep
    number: int
    """The number of the day among those that are to go, from 1."""
    of: int
    done: int | None = None
    """Jobs that are done, of a day that goes by rows."""
    waiting: str | None = None
    """The reason of a wait, if there is one."""


@dataclass
class RunReport:
    """The report of a run."""

    done: list[MovedDay] = field(default_factory=list)
    """Days that were swapped or copied."""
    merged: list[DayMergeResult] = field(default_factory=list)
    """Days that were moved by rows to existing partitions of the archive."""
    finished: dict[str, Verdict] = field(default_factory=dict)
    """Partitions of an interrupted run, swapped without a count, that are now counted."""
    put_off: list[Day] = field(default_factory=list)
    contended: list[Day] = field(default_factory=list)
    """Days that stayed, as their locks were not free: the next run takes them up."""
    held: dict[str, str] = field(default_factory=dict)
    """For each of these, the sessions that held the locks."""
    left: list[Day] = field(default_factory=list)
    """Days that had no time left."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Rows of each copied partition that was dropped after its grace period."""
    recopied: list[str] = field(default_factory=list)
    """Partitions that had changed since they were copied: their copies are replaced, and wait."""
    refused: dict[str, str] = field(default_factory=dict)
    """Partitions that differ from their copies as they must not, and why."""
    waiting: list[CopyState] = field(default_factory=list)
    """Days that are copied and wait to be dropped."""
    control_rows: dict[str, int] = field(default_factory=dict)
    """Rows of the job queue that followed their jobs, by the table that they came to."""
    failed: list[Failure] = field(default_factory=list)
    """Days, or other units of work, that failed while the others continued."""
    busy: bool = False
    """Whether another run was at work; then nothing was done."""
    paused: str | None = None
    """The pause that ended the run early, as a sentence."""
    held_up: str | None = None
    """The reason of the wait when the time was over: replicas, or other sessions."""
    notes: list[str] = field(default_factory=list)
    """Notes for the operator."""

    def add_merged(self, merged: DayMergeResult) -> None:
        """Add a day that was moved by rows to existing partitions of the archive."""
        self.merged.append(merged)
        if merged.gone.is_over:
            self.left.append(merged.day)
        if merged.contended:
            self.contended.append(merged.day)
        if merged.failed:
            self.failed.append(Failure(str(merged.day), merged.failed))
        if merged.put_off:
            put_off, reason = merged.put_off, merged.reason
            self.put_off.append(replace(merged.day, put_off=put_off, reason=reason))

    @property
    def lost(self) -> list[str]:
        """Return the partitions that have fewer rows than before."""
        verdicts = dict(self.finished)
        for moved in self.done:
            verdicts |= moved.verdicts
        return [name for name, verdict in verdicts.items() if verdict is Verdict.LOST]

    @property
    def outcome(self) -> Outcome:
        """Return how the run has ended."""
        gone = [merged.gone for merged in self.merged]
        if self.lost or self.refused or self.failed or any(one.refused for one in gone):
            return Outcome.WRONG
        if self.paused:
            return Outcome.PAUSED
        locked = any(day.reason is Reason.LOCKED for day in self.put_off)
        if self.busy or self.contended or locked or any(one.contended for one in gone):
            return Outcome.CONTENDED
        merged = any(one.is_done for one in self.merged)
        moved = self.done or self.finished or self.dropped or self.recopied or merged
        if moved or self.control_rows:
            return Outcome.DONE
        due = [day for day in self.put_off if day.reason is not Reason.TOO_YOUNG]
        rest = Outcome.DEFERRED if due else Outcome.NOTHING
        return Outcome.WAITED if self.left else rest

    @property
    def why(self) -> str | None:
        """Return why not more was done, as a sentence; None if all was done."""
        failed = [f"{one.unit}: {one.why}" for one in self.failed]
        deferred = [f"{day.lower:%Y-%m-%d}: {day.put_off}" for day in self.put_off]
        lost = f"there are fewer rows than before: {', '.join(self.lost)}" if self.lost else None
        refused = [why for merged in self.merged for why in merged.gone.refused.values()]
        locked = [f"{day}: {held}" for day, held in self.held.items() if held]
        wrong = [lost, *self.refused.values(), *refused, *failed]
        found = [*wrong, self.paused, *locked, self.held_up, *deferred]
        return next(filter(None, found), None)
