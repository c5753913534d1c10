"""The jobs of a form: marked ones, all of a filter, or those of the dry run before.

A form that confirms has the jobs of its dry run with their states, so that it changes these and
no others: a job in another state by now is left alone. So a form that is sent twice is harmless.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.datastructures import FormData

from pandadb.database import Database
from pandadb.errors import InvalidInput
from pandadb.services import jobs
from pandadb.web.job_query import JobQuery
from pandadb.web.protection.query_names import sentence_of

MAX_JOBS = 1000
"""Jobs of one form: a page is a transaction, and a person reads it."""
SHOWN = ("after", "limit", "order", "descending", "format")
"""Names of an address that do not choose jobs."""
UNKNOWN = "unknown"


@dataclass
class ChosenJobs:
    """The jobs of a form, with their states."""

    states: dict[int, str] = field(default_factory=dict)
    changed: dict[int, str] = field(default_factory=dict)
    """Jobs in another state than at the dry run: a sentence each."""
    is_part: bool = False
    """Whether more jobs match the filter than a form can have."""

    @property
    def seen(self) -> str:
        """The jobs with their states as a field of a form."""
        return " ".join(f"{job}:{state}" for job, state in self.states.items())


def of_form(database: Database, form: FormData) -> ChosenJobs:
    """Return the jobs of a form.

    Raises:
        InvalidInput: It has none, too many, or something else than PandaIDs.
    """
    if seen := str(form.get("seen", "")):
        return _seen(database, seen)
    if form.get("chosen") == "all":
        return _matching(database, str(form.get("query", "")))
    names = [str(one) for one in form.getlist("pandaid")]
    if not names:
        raise InvalidInput("No job is marked: mark jobs, or choose all that match the filter")
    return ChosenJobs(_states(database, map(_pandaid, names)))


def _pandaid(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise InvalidInput(f"{text!r} is no PandaID")
    return int(text)


def _states(database: Database, pandaids: Iterable[int]) -> dict[int, str]:
    """Return jobs with their states; a job that no live table has is `unknown`."""
    asked = [*dict.fromkeys(pandaids)]
    if len(asked) > MAX_JOBS:
        raise InvalidInput(f"These are {len(asked):,} jobs; a form takes {MAX_JOBS:,} at most")
    chosen = jobs.Filter(pandaids=asked)
    page = jobs.find(database, chosen, columns=["pandaid", "jobstatus"], limit=MAX_JOBS)
    found = {row["pandaid"]: row["jobstatus"] for row in page.jobs}
    return {job: found.get(job, UNKNOWN) for job in asked}


def _seen(database: Database, seen: str) -> ChosenJobs:
    before = {_pandaid(job): state for job, _, state in (w.partition(":") for w in seen.split())}
    chosen = ChosenJobs()
    for job, state in _states(database, before).items():
        if state == before[job]:
            chosen.states[job] = state
        else:
            words = f"Job {job} was {before[job]} at the dry run and is {state} now"
            chosen.changed[job] = f"{words}: it is left alone"
    return chosen


def _matching(database: Database, query: str) -> ChosenJobs:
    given = {name: text for name, text in parse_qsl(query) if name not in SHOWN}
    try:
        chosen = JobQuery.model_validate(given).filter()
    except ValidationError as error:
        sentence = sentence_of(error.errors()[0], JobQuery.model_fields)
        raise InvalidInput(sentence.removesuffix(".")) from None
    if chosen.is_unconditional:
        raise InvalidInput("The filter matches every job: give it a condition, or mark jobs")
    page = jobs.find(database, chosen, columns=["pandaid", "jobstatus"], limit=MAX_JOBS)
    states = {row["pandaid"]: row["jobstatus"] for row in page.jobs}
    return ChosenJobs(states, is_part=page.next is not None)
