"""`pandadb archive explain`: place, pending step and proofs of a job or a day."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandadb import config
from pandadb.cli.archive import copy
from pandadb.cli.options import DAY, PUBLIC_ID, AsJSON, job_id, moment, site_policies
from pandadb.cli.output import as_json, fail, out, table
from pandadb.cli.target import opened
from pandadb.services import archive, selection

if TYPE_CHECKING:
    from datetime import date

    from pandadb.services.archive import ExplainedDay, ExplainedJob

STEPS_AHEAD = {
    "swap": "The next pandadb archive run moves it to the archive.",
    "rows": "The next pandadb archive run moves its rows to existing partitions of the archive.",
    "copy": "The next pandadb archive run copies it to the archive.",
    "drop": "The next pandadb archive run drops it here: the archive has it.",
}
"""Sentences for the next step."""


def _subject(given: str) -> int | str | date:
    """Return the PandaID, the public id or the day of an argument."""
    if re.fullmatch(PUBLIC_ID, str(given)):
        return str(given)
    if re.fullmatch(r"[0-9]+", str(given)):
        return job_id(given)
    return moment(DAY)(given).date()


def explain(
    subject: Annotated[
        Any,
        typer.Argument(
            parser=_subject, metavar="PANDAID|DAY", help="A job, or a day such as 2026-10-01."
        ),
    ],
    *,
    json: AsJSON = False,
) -> None:
    """Show where a job or a day is, why it waits, and its proofs with their times.

    The search covers the databases of PANDADB_URL and PANDADB_ARCHIVE_URL, and the exported months
    of PANDADB_EXPORTS. Read-only. Exit code 1 if the job or the day is not found.

    Example: pandadb archive explain 3848970521
    """
    with opened() as database, copy.other() as other:
        elsewhere: dict[str, Any] = {"archive": other, "exports": config.load_settings().exports}
        how = {"waits": copy.waits(), **elsewhere}
        if isinstance(subject, str):
            (subject,) = selection.pandaids(database, [subject])
        if isinstance(subject, int):
            _tell_job(archive.explain_job(database, subject, site_policies(), **how), json)
        else:
            _tell_day(archive.explain_day(database, subject, site_policies(), **how), json)


def _tell_job(job: ExplainedJob, json: bool) -> None:
    if json:
        as_json(asdict(job))
    if job.where is None:
        fail(f"no table has job {job.pandaid}")
    if json:
        return
    since = f"{job.modificationtime:%Y-%m-%d %H:%M}" if job.modificationtime else "an unknown time"
    _say(f"Job {job.pandaid} is {job.jobstatus} since {since} (UTC), in {job.where}.")
    if job.day:
        _say(f"Its day is {job.day}{_due(job)}.")
    _tell_rest(job)


def _tell_day(day: ExplainedDay, json: bool) -> None:
    if json:
        as_json(asdict(day))
    if not (day.places or day.proofs):
        fail(f"no table has anything of {day.day}")
    if json:
        return
    _say(f"The day {day.day}{_due(day)}.")
    columns = ("where", "from", "to", "rows")
    rows = [(str(one), one.lower, one.upper, one.rows) for one in day.places]
    table("Places", columns, rows)
    _tell_rest(day)


def _due(found: ExplainedJob | ExplainedDay) -> str:
    return f", due from {found.due_from:%Y-%m-%d} on" if found.due_from else ""


def _tell_rest(found: ExplainedJob | ExplainedDay) -> None:
    """Print the next step, the reasons for waiting, the holds and the proofs."""
    for why in found.waits:
        _say(f"Waits: {why}.")
    if found.next:
        _say(STEPS_AHEAD[found.next])
    for hold in found.holds:
        reason = f": {hold.why}" if hold.why else ""
        _say(f"Task {hold.jeditaskid} is held by {hold.by} since {hold.since:%Y-%m-%d}{reason}.")
    columns = ("partition", "how", "rows before", "rows after", "same", "when", "by")
    rows = [
        (one.partition, one.how, one.source_rows, one.target_rows, one.is_same,
         f"{one.at:%Y-%m-%d %H:%M:%S}", one.by) for one in found.proofs
    ]  # fmt: skip
    if rows:
        table("Proofs", columns, rows)
    else:
        out.print("There is no proof of it.")


def _say(sentence: str) -> None:
    out.print(sentence, markup=False, soft_wrap=True)
