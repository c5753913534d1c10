"""Conditions on jobs in the query of an address, the same for pages and the API."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pandadb.errors import InvalidInput
from pandadb.services import jobs

EMPTY_AS_NONE = BeforeValidator(lambda value: None if value == "" else value)
"""A form sends its empty fields, too."""

Text = Annotated[str | None, EMPTY_AS_NONE]
Number = Annotated[int | None, EMPTY_AS_NONE]
Time = Annotated[datetime | None, EMPTY_AS_NONE]
Flag = Annotated[bool | None, EMPTY_AS_NONE]
Identifier = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""A value of a column of ids."""
DIGITS = 19


class JobQuery(BaseModel):
    """Conditions, order and page of jobs; other names are refused."""

    model_config = ConfigDict(extra="forbid")

    jobstatus: Text = Field(None, description="A state, or several separated by commas")
    computingsite: Text = Field(None, description="A site or queue; * stands for any characters")
    jeditaskid: Number = None
    produsername: Text = None
    prodsourcelabel: Text = None
    gshare: Text = None
    since: Time = Field(None, description="Earliest time, UTC")
    until: Time = Field(None, description="First time that is too late, UTC")
    timecolumn: str = Field("modificationtime", description="The time that since and until limit")
    errorcode: Text = Field(None, description="pilot=1305, or 1305 of any component")
    errortext: Text = Field(None, description="A regular expression")
    pandaid: Text = Field(None, description="PandaIDs or public ids, separated by commas")
    name: Text = Field(None, description="A name of jobs; * and ? as in a shell")
    metadata: Text = Field(None, description="A value of the metadata: a.b=5")
    origin: Number = Field(None, description="PandaID of the first attempt at the same work")
    group: Text = Field(None, description="A group of the job queue; * and ? as in a shell")
    worker: Text = Field(None, description="A worker of the job queue, or a host; with * and ?")
    process: Text = Field(None, description="Id of a process of a batch system")
    leased: Flag = Field(None, description="Whether a worker has the job")
    held: Flag = Field(None, description="Whether a user has paused the job")
    controlled: Flag = Field(None, description="Whether it is of the job queue")
    table: Text = Field(None, description="Tables to search, separated by commas")
    archive: bool = Field(False, description="Whether jobs of the archive are found, too")
    order: str = "pandaid"
    descending: bool = True
    limit: int = Field(50, ge=1, le=1000)
    after: Text = Field(None, description="Cursor of the page before")
    format: str = "html"

    def filter(self) -> jobs.Filter:
        """Return the conditions as a filter.

        Raises:
            InvalidInput: A value does not fit its column; an unknown state or table.
        """
        chosen = jobs.Filter(
            jobstatus=several(self.jobstatus),
            computingsite=self.computingsite,
            jeditaskid=self.jeditaskid,
            produsername=self.produsername,
            prodsourcelabel=self.prodsourcelabel,
            gshare=self.gshare,
            since=naive(self.since),
            until=naive(self.until),
            timecolumn=self.timecolumn,
            errorcode=self.errorcode,
            errortext=self.errortext,
            tables=several(self.table),
            archive=self.archive,
        )
        more = jobs.JobFilter(
            name=self.name,
            origin=self.origin,
            groups=self.group,
            worker=self.worker,
            process=self.process,
            leased=self.leased,
            held=self.held,
            controlled=self.controlled,
        )
        if self.metadata is not None:
            more &= _of_metadata(self.metadata)
        return _named(jobs.narrowed(chosen, more), several(self.pandaid) or [])

    def address(self, **changes: Any) -> str:
        """Return the list with these conditions as an address that has no empty ones."""
        given = self.model_dump(mode="json", exclude_defaults=True, exclude_none=True) | changes
        text = urlencode({name: one for name, one in given.items() if one is not None})
        return f"/jobs?{text}" if text else "/jobs"

    @property
    def is_detailed(self) -> bool:
        """Whether a condition is set that the form has among its further ones."""
        return any(getattr(self, name) is not None for name in DETAILED) or (
            self.timecolumn != "modificationtime"
        )


DETAILED = (
    "prodsourcelabel", "gshare", "errortext", "metadata", "origin", "group", "worker", "process",
    "leased", "held", "controlled", "table",
)  # fmt: skip
"""Conditions that fewer searches need."""


def several(text: str | None) -> list[str] | None:
    """Return the words of a list with commas; None if there is none."""
    return [word.strip() for word in (text or "").split(",") if word.strip()] or None


def _named(chosen: jobs.Filter, names: list[str]) -> jobs.Filter:
    """Return the filter for named jobs only, if any are named."""
    numbers = [int(name) for name in names if _is_number(name)]
    texts = [name for name in names if not _is_number(name)]
    if not texts:
        return replace(chosen, pandaids=numbers) if numbers else chosen
    by_name = jobs.JobFilter(public_ids=texts)
    return jobs.narrowed(chosen, jobs.JobFilter(pandaids=numbers) | by_name if numbers else by_name)


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= DIGITS


def _of_metadata(word: str) -> jobs.JobFilter:
    """Return the filter of NAME=VALUE; 5 is the number or the text."""
    name, equals, text = word.partition("=")
    if not equals or not name:
        raise InvalidInput(f"metadata: {word!r} is not NAME=VALUE, such as a.b=5")
    as_text = jobs.JobFilter(metadata={name: text})
    try:
        value = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return as_text
    return as_text | jobs.JobFilter(metadata={name: value})


def naive(moment: datetime | None) -> datetime | None:
    """Return a time as PanDA stores it: UTC without a time zone.

    Raises:
        InvalidInput: It is before the year 1 or after the year 9999 in UTC.
    """
    if moment is None or moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise InvalidInput(f"{moment} is no time from the year 1 to 9999 in UTC") from None
