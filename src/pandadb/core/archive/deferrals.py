"""Why a day, a month or a job stays where it is for now: each reason, its code and its sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_EXAMPLES = 5
"""Ids that a sentence names."""
REMEDY = "name the day to have them go"
ROWS_CHANGED = "{then} rows then, {now} now"
DRAIN = "pandadb partitions maintain --drain moves them to their day"


class Reason(StrEnum):
    """A reason of the archiver to leave something for a later run; its value is its code."""

    sentence: str
    """What it says, with the names of details in braces."""

    def __new__(cls, code: str, sentence: str) -> Self:
        """Make a reason of its code and its sentence."""
        made = str.__new__(cls, code)
        made._value_ = code
        made.sentence = sentence
        return made

    # of a day that is due
    TASKS_HELD = "tasks_held", "it has jobs of tasks that are held: {tasks}"
    RESTORED = (
        "restored",
        "jobs of it were restored on {since:%Y-%m-%d} and stay until {until:%Y-%m-%d}: " + REMEDY,
    )
    MUST_NOT = (
        "must_not",
        "the ledger says that {partition} must not be archived: name the day to have it so",
    )
    TOO_YOUNG = "too_young", "{partition} of the same time is too young"
    PLACE_TAKEN = "place_taken", "{table} has a partition of that time: {partition}"
    ARCHIVE_DEFAULT = "archive_default", "the DEFAULT partition of {table} has rows of that time"
    LOCKED = "locked", "{error}"
    ERROR = "error", "{error}"

    # of a day that goes to another database
    LATE = "late", "{partition} came after its day had gone to the archive, and stays"
    SWAPPED = "swapped", "{partition} was swapped into the archive of this database"
    OTHER_ROWS = "other_rows", "{table} of the archive has other rows of that time, in {where}"
    OTHER_TIMES = (
        "other_times",
        "it has changed, and in the archive it is of other times, too: {where}",
    )
    NAME_TAKEN = "name_taken", "the archive has a table {table} that is no partition"
    COPY_CHANGED = (
        "copy_changed",
        "{table} of the archive, {where}, is not as it was copied from {partition}: "
        + ROWS_CHANGED,
    )
    COPY_UNLIKE = (
        "copy_unlike",
        "the copy of {partition} is not what was read: nothing was kept of it",
    )
    ROWS_MISSING = (
        "rows_missing",
        "{partition} lacks {rows} rows that were copied: they are in {where}",
    )
    NOT_AS_COPIED = (
        "not_as_copied",
        "{partition} and its copy differed on {when}: {source} rows here, {target} there",
    )
    GUARD = "guard", "{said}"
    COPIED = "copied", "it was copied on {when}, and is dropped here from {until} on"
    STILL_LIVE = "still_live", "it is still in the live tables"

    # of a month that is to be one partition
    WIDER = "wider", "{partition} has other times, too"
    NOT_ARCHIVED = "not_archived", "{partition} is not archived yet"
    TABLE_THERE = "table_there", "there is a table {table}"
    ROWS_ELSEWHERE = "rows_elsewhere", "{partitions} has rows of that time"
    MONTH_UNLIKE = "month_unlike", "the new partition is not what the days have"
    LOCKS = "locks", "{words}"

    # of one job
    TWO_PLACES = (
        "two_places",
        "Job {pandaid} is in {here} and has rows in {there}, too: nothing of it was touched",
    )
    TWICE = "twice", "Job {pandaid} is twice in {here}: nothing of it was touched"
    NOT_ENDED = "not_ended", "it has not ended: it is {jobstatus}"
    NO_DAY = "no_day", "no partition can have its time, {time}"

    # of whatever has ended
    NOT_DUE = "not_due", "its day is due from {since:%Y-%m-%d} on"
    NO_POLICY = "no_policy", "the policies send nothing of {table} to the archive"
    IN_DEFAULT = (
        "in_default",
        "rows of the day are in DEFAULT partitions ({partitions}), and no run takes them: " + DRAIN,
    )
    PAUSED = "paused", "the archive is {pause}: pandadb archive resume ends that"


EXPECTED_REASONS = frozenset(
    (Reason.TASKS_HELD, Reason.RESTORED, Reason.MUST_NOT, Reason.TOO_YOUNG, Reason.LOCKED)
)
"""Reasons of days that a person or a policy has asked for, and a lock, which ends by itself."""


@dataclass(frozen=True)
class Deferral:
    """A reason with its details."""

    reason: Reason
    sentence: str

    @classmethod
    def of(cls, reason: Reason, **details: object) -> Self:
        """Return a reason with the details that its sentence names."""
        return cls(reason, reason.sentence.format(**details))

    @override
    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence


def listed(ids: Iterable[int]) -> str:
    """Return a few ids as a sentence names them."""
    each = [*ids]
    return ", ".join(map(str, each[:MAX_EXAMPLES])) + (", …" if each[MAX_EXAMPLES:] else "")
