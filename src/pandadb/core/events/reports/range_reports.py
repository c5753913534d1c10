"""Reports of jobs on their ranges of events: semantics 2.13.

A report is stored if the job has the range, at that attempt, and has not reported on it before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pandadb.core.events.range_ids import RangeID
from pandadb.core.events.refusals import RangeRefusal, RangeRefusalReason
from pandadb.core.events.reports import archive_files, report_statements
from pandadb.core.events.states import EventStatus
from pandadb.core.events.takes import job_locks
from pandadb.core.events.takes.range_requests import COMMAND, RUNNING
from pandadb.core.sql.validation import InvalidValue, mistake_in, near, shown
from pandadb.models import JediEvents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandadb.core.events.reports.archive_files import ArchiveFile
    from pandadb.core.sql.transaction import Transaction

    Job = Mapping[str, Any]
    Key = tuple[int, ...]

FATAL = "fatal"
"""Failed, and not to be tried again: the range keeps one attempt, the one that has failed."""
FINAL = {
    "finished": EventStatus.FINISHED,
    "failed": EventStatus.FAILED,
    FATAL: EventStatus.FAILED,
}
UNSTORED = ("running", "transferring")
"""States that pilots report and that are not stored."""
REPORTING = (*RUNNING, "transferring")
"""States of jobs that report on ranges."""
REPORTING_SEGMENTS = (*REPORTING, "activated")
"""And of fine-grained jobs: their ranges may be processed before they run."""
PREEMPTED, SOFT_KILL = 122, "softkill"
"""A job with that `superrorcode` and a command is to end when its ranges are processed."""
DIAG_LENGTH = 500


@dataclass(frozen=True)
class RangeReport:
    """The report of a job on a range."""

    id: RangeID | str
    status: str
    """finished, failed or fatal; running and transferring are accepted, and not stored."""
    objstore_id: int | None = None
    error_code: int | None = None
    error_diag: str | None = None
    path_convention: int | None = None
    archive: ArchiveFile | None = None
    """The archive file that holds the output."""


class ReportOutcome(StrEnum):
    """The result of a report."""

    STORED = "stored"
    SKIPPED = "skipped"
    """It is of a state that is not stored."""
    REFUSED = "refused"


@dataclass
class StoredReports:
    """The results of reports."""

    outcomes: list[ReportOutcome] = field(default_factory=list)
    """Of each report, in their order."""
    refused: dict[int, RangeRefusal] = field(default_factory=dict)
    """The reasons, by the places of the reports."""
    commands: dict[int, str | None] = field(default_factory=dict)
    """The command for the pilot of each job."""

    def refuse(self, place: int, reason: RangeRefusalReason, sentence: str) -> None:
        """Refuse a report."""
        self.outcomes[place] = ReportOutcome.REFUSED
        self.refused[place] = RangeRefusal(reason, sentence)


def report(
    session: Transaction, reports: Sequence[RangeReport], *, fine_grained: bool = False
) -> StoredReports:
    """Store reports of jobs on their ranges; count the processed ones in the jobs' `nevents`.

    Reports are independent of each other: one that is malformed, late or of another job is refused
    by itself. With `fine_grained`, the PandaID of an id may be that of a job set, and ranges that
    no job has taken are reported on, too.
    """
    done = StoredReports([ReportOutcome.STORED] * len(reports))
    ids = _ids(reports, done)
    jobs = _lock_jobs(session, ids.values(), fine_grained)
    _judge_jobs(ids, jobs, done, REPORTING_SEGMENTS if fine_grained else REPORTING)
    _judge_ranges(session, ids, done, fine_grained)
    stored = {place: (ids[place], reports[place]) for place in ids if place not in done.refused}
    if stored:
        rows = archive_files.store(session, _archives(stored.values()), jobs)
        report_statements.store(session, [_row(*one, rows) for one in stored.values()])
        processed = {one[:2] for one, said in stored.values() if said.status == "finished"}
        report_statements.count(session, processed, fine_grained=fine_grained)
    return done


def _lock_jobs(session: Transaction, ids: Iterable[RangeID], fine_grained: bool) -> dict[int, Job]:
    if fine_grained:
        return job_locks.lock_with_jobsets(session, {one[:2] for one in ids})
    return job_locks.lock_jobs(session, sorted({one.pandaid for one in ids}))


def _ids(reports: Sequence[RangeReport], done: StoredReports) -> dict[int, RangeID]:
    """Return the ids of the reports to store, by place; malformed reports are refused."""
    found: dict[int, RangeID] = {}
    for place, one in enumerate(reports):
        try:
            range_id = _checked(one)
        except InvalidValue as error:
            done.refuse(place, RangeRefusalReason.INVALID, str(error))
            continue
        if one.status in UNSTORED:
            done.outcomes[place] = ReportOutcome.SKIPPED
        else:
            found[place] = range_id
    return found


def _checked(one: RangeReport) -> RangeID:
    """Return the id of a well-formed report.

    Raises:
        InvalidValue: It is malformed.
    """
    found = one.id if isinstance(one.id, RangeID) else RangeID.parse(one.id)
    known = (*FINAL, *UNSTORED)
    if one.status not in known:
        hint = near(str(one.status), known)
        raise InvalidValue(f"range {found}: no range is {shown(one.status)}{hint}")
    for name in ("objstore_id", "error_code", "path_convention"):
        if mistake := mistake_in(JediEvents, name, getattr(one, name)):
            raise InvalidValue(f"range {found}: {mistake}")
    if mistake := mistake_in(JediEvents, "error_diag", _diag(one)):
        raise InvalidValue(f"range {found}: {mistake}")
    if one.archive is not None:
        archive_files.check(one.archive)
    return found


def _diag(one: RangeReport) -> str | None:
    diag = one.error_diag
    return diag[:DIAG_LENGTH] if isinstance(diag, str) else diag


def _judge_jobs(
    ids: Mapping[int, RangeID],
    jobs: Mapping[int, Job],
    done: StoredReports,
    states: Sequence[str],
) -> None:
    for place, one in ids.items():
        job = jobs.get(one.pandaid)
        done.commands[one.pandaid] = _command(job)
        if job is None:
            sentence = f"Range {one}: job {one.pandaid} is not active"
            done.refuse(place, RangeRefusalReason.UNKNOWN, sentence)
        elif job["jobstatus"] not in states:
            sentence = f"Range {one}: job {job['pandaid']} is {job['jobstatus']}"
            done.refuse(place, RangeRefusalReason.STATE, sentence)


def _command(job: Job | None) -> str | None:
    if job is None:
        return COMMAND
    command: str | None = job["commandtopilot"]
    return SOFT_KILL if command and job["superrorcode"] == PREEMPTED else command


def _judge_ranges(
    session: Transaction, ids: Mapping[int, RangeID], done: StoredReports, fine_grained: bool
) -> None:
    left = {place: one for place, one in ids.items() if place not in done.refused}
    if not left:
        return
    found = report_statements.lock(session, [*left.values()])
    open_ = {EventStatus.SENT, EventStatus.RUNNING}
    open_ |= {EventStatus.READY} if fine_grained else set()
    for place, one in left.items():
        status, attemptnr = found.get(one[:4], (None, None))
        if status is None:
            sentence = f"Range {one}: job {one.pandaid} does not have it"
            done.refuse(place, RangeRefusalReason.UNKNOWN, sentence)
        elif attemptnr != one.attemptnr:
            sentence = f"Range {one} is at attempt {attemptnr}"
            done.refuse(place, RangeRefusalReason.ATTEMPT, sentence)
        elif status not in open_:
            word = EventStatus(status).word
            done.refuse(place, RangeRefusalReason.STATE, f"Range {one} is {word} already")
        else:
            found[one[:4]] = (FINAL["finished"], attemptnr)  # a second report comes too late


def _archives(
    stored: Iterable[tuple[RangeID, RangeReport]],
) -> dict[tuple[int, str], tuple[int, ArchiveFile]]:
    """Return the archive files by job and name, each with its task."""
    return {
        (one.pandaid, said.archive.lfn): (one.jeditaskid, said.archive)
        for one, said in stored
        if said.archive is not None
    }


def _row(
    one: RangeID, said: RangeReport, rows: Mapping[tuple[int, str], int]
) -> report_statements.ReportRow:
    archive = rows.get((one.pandaid, said.archive.lfn)) if said.archive else None
    return report_statements.ReportRow(
        *one[:4],
        FINAL[said.status].value,
        1 if said.status == FATAL else one.attemptnr,
        said.objstore_id,
        said.error_code,
        _diag(said),
        said.path_convention,
        archive,
    )
