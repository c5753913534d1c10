"""Outcomes of a verb for pages: a row for each job, and a sentence about all of them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pandadb.services import jobs, queue
from pandadb.services.selection import VerbReport
from pandadb.web.operations.chosen_jobs import ChosenJobs

KNOWN = {*jobs.STATES, *queue.Standing}
"""States; another word is an event, such as `asked to end`."""
MOST_STEPS = 6
"""Pairs of states in the sentence; the table has all jobs."""


def rows(chosen: ChosenJobs, report: VerbReport) -> list[dict[str, Any]]:
    """Return a row for each job: refused ones first, then the others, then those that follow."""
    refused = _refused(chosen, report)
    return [
        *(_row(job, chosen.states.get(job), None, refused[job]) for job in sorted(refused)),
        *(
            _row(job, _before(job, chosen, report), report.states[job], _note(job, report))
            for job in report.changed
        ),
        *(_row(job, None, state, "with the others") for job, state in report.related.items()),
    ]


def _refused(chosen: ChosenJobs, report: VerbReport) -> dict[int, str]:
    """Return the jobs that do not change, each with the reason."""
    silent = chosen.states.keys() - report.states.keys() - report.refused.keys()
    left = {job: f"Job {job} does not change, or another transaction has locked it"
            for job in silent}  # fmt: skip
    return left | report.skipped | chosen.changed


def _row(pandaid: int, before: str | None, after: str | None, note: str) -> dict[str, Any]:
    return {"pandaid": pandaid, "before": before, "after": after, "note": note}


def _before(job: int, chosen: ChosenJobs, report: VerbReport) -> str | None:
    return report.before.get(job) or chosen.states.get(job)


def _note(job: int, report: VerbReport) -> str:
    new = report.attempts.get(job)
    if new is None or new == job:
        return ""
    return "as a new job" if report.dry_run else f"as job {new}"


def sentence(chosen: ChosenJobs, report: VerbReport, *, dry_run: bool) -> str:
    """Return the numbers of jobs that have changed, or would, by their states."""
    number = len(report.changed)
    would = "would change" if dry_run else ("has changed" if number == 1 else "have changed")
    words = f"{_jobs(number)} {would}{_steps(chosen, report)}."
    if refused := len(_refused(chosen, report)):
        verb = "would be" if dry_run else ("was" if refused == 1 else "were")
        words += f" {_jobs(refused)} {verb} refused: see below."
    if report.related:
        verb = "would change" if dry_run else "changed"
        words += f" {_jobs(len(report.related))} that depend on them {verb}, too."
    return words


def _steps(chosen: ChosenJobs, report: VerbReport) -> str:
    counts: Mapping[tuple[str | None, str], int] = Counter(
        (_before(job, chosen, report), report.states[job]) for job in report.changed
    )
    ranked = sorted(counts.items(), key=lambda one: -one[1])
    words = [f"{number:,} {_step(*step)}" for step, number in ranked]
    more = f" and {len(words) - MOST_STEPS} other steps" if len(words) > MOST_STEPS else ""
    return f" ({', '.join(words[:MOST_STEPS])}{more})" if words else ""


def _step(before: str | None, after: str) -> str:
    if before == after:
        return f"{after} as before"
    return f"from {before} to {after}" if before and after in KNOWN else after


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number:,} jobs"
